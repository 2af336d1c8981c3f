import { beforeAll, describe, expect, test } from "vitest";
import type { Device, Tensor } from "../../mod.ts";
import {
  arange,
  compile,
  configureDevice,
  createDevice,
  DeviceLimitError,
  profile,
  recordTrace,
} from "../../mod.ts";
import { faultyDevice } from "../support/faulty-device.ts";
import { nodeGPU } from "../support/host.ts";

const gpu = nodeGPU();
let hasTimestamps = false;
beforeAll(async () => {
  configureDevice({ gpu });
  hasTimestamps = (await gpu.requestAdapter())?.features.has("timestamp-query") ?? false;
});

const matrix = () =>
  arange(256 * 256)
    .cast("f32")
    .mul(1e-5)
    .reshape([256, 256]);
const step = compile(
  (s: { w: Tensor }, x: Tensor) => {
    const y = x.matmul(s.w).softmax();
    return { state: { w: s.w.mul(0.99) }, loss: y.matmul(y).sum() };
  },
  { name: "tiny" },
);

interface TraceEvent {
  name: string;
  cat: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur: number;
  args: Record<string, unknown>;
}

describe("profile", () => {
  test("times every kernel, eager and compiled, in the order they run", async (context) => {
    if (!hasTimestamps) return context.skip("no timestamp-query");
    const x = matrix();
    let { state } = step({ w: x }, x);
    let loss = Number.NaN;
    const kernels = await profile(async () => {
      for (let i = 0; i < 2; i++) {
        const out = step(state, x);
        state = out.state;
        loss = await out.loss.item();
      }
      x.matmul(x).evaluate();
    });
    expect(loss).toBeGreaterThan(0);
    const plan = step.plan(state, x);
    expect(kernels.map((k) => k.of)).toEqual([
      ...new Array<string>(2 * plan.steps.length).fill("tiny"),
      "matmul",
    ]);
    expect(kernels.slice(0, plan.steps.length).map((k) => k.name)).toEqual(
      plan.steps.map((s) => s.program.name),
    );
    const products = kernels.filter((k) => k.ops.includes("matmul"));
    expect(products.length).toBeGreaterThanOrEqual(4);
    for (const { duration, flops, bytes } of products) {
      expect(duration).toBeGreaterThan(0);
      expect(flops).toBeGreaterThanOrEqual(2 * 256 ** 3);
      expect(bytes).toBeGreaterThanOrEqual(2 * 4 * 256 ** 2);
    }
    const starts = kernels.map((k) => k.start);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(starts[0]).toBeGreaterThanOrEqual(0);
  });

  test("ends with the body, also when that throws, and may begin again", async (context) => {
    if (!hasTimestamps) return context.skip("no timestamp-query");
    await expect(
      profile(() => {
        throw new Error("body");
      }),
    ).rejects.toThrow("body");
    expect(await profile(() => undefined)).toEqual([]);
    const nested = profile(() => profile(() => undefined));
    await expect(nested).rejects.toThrow(/under way/);
    expect((await profile(() => void matrix().add(1).evaluate())).length).toBeGreaterThan(0);
  });

  test("says what is missing where there are no timestamps", async () => {
    const raw = (await (await gpu.requestAdapter())?.requestDevice()) as GPUDevice;
    const device: Device = await createDevice({ device: faultyDevice(raw, { hidden: ["timestamp-query"] }) });
    const error = await profile(() => undefined, { device }).catch((e) => e);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect(error.limit).toBe("timestamp-query");
    raw.destroy();
  });
});

describe("recordTrace", () => {
  test("is a file for Perfetto: kernels on one track, what the host did on another", async (context) => {
    if (!hasTimestamps) return context.skip("no timestamp-query");
    const x = matrix().evaluate();
    const fresh = compile((a: Tensor) => a.matmul(a).exp().sum(), { name: "fresh" });
    const text = await recordTrace(() => fresh(x).item());
    const file = JSON.parse(text) as { traceEvents: TraceEvent[]; displayTimeUnit: string };
    expect(file.displayTimeUnit).toBe("ms");
    const named = file.traceEvents.filter((e) => e.ph === "M");
    const track = (name: string) =>
      named.find((e) => e.name === "thread_name" && e.args.name === name)?.tid as number;
    expect(named.find((e) => e.name === "process_name")?.args.name).toBe("morlet");
    const spans = file.traceEvents.filter((e) => e.ph === "X");
    expect(spans.length + named.length).toBe(file.traceEvents.length);
    for (const e of spans) {
      expect([e.ts, e.dur].every(Number.isFinite)).toBe(true);
      expect(e.dur).toBeGreaterThanOrEqual(0);
      expect(e.pid).toBe(1);
    }
    const kernels = spans.filter((e) => e.tid === track("GPU queue"));
    expect(kernels.map((e) => e.cat)).toEqual(kernels.map(() => "kernel"));
    expect(kernels[0]?.args).toMatchObject({ of: "fresh", ops: expect.stringContaining("matmul") });
    expect(kernels[0]?.dur).toBeGreaterThan(0);
    expect(kernels[0]?.args["GFLOP/s"]).toBeGreaterThan(0);
    const host = spans.filter((e) => e.tid === track("host"));
    expect(host.map((e) => e.name)).toEqual(["compile fresh", "encode fresh", "readback f32[1]"]);
    // No kernel begins before its commands were given to the GPU.
    const encode = host[1] as TraceEvent;
    expect(kernels[0]?.ts).toBeGreaterThanOrEqual(encode.ts);
  });
});
