import { afterEach, describe, expect, test } from "vitest";
import { PipelineCache } from "../../engine/runtime/pipelines.ts";
import type { KernelProgram } from "../../kernels/program.ts";
import {
  arange,
  compile,
  configureDevice,
  createDevice,
  getDevice,
  KernelError,
  NoDeviceError,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { errorOf } from "../support/error-of.ts";
import { nodeGPU, nullGPU } from "../support/host.ts";

const gpu = nodeGPU();
const LENGTH = 2000;
const many = () => arange(LENGTH, undefined, 1, { dtype: "f32" });

describe("no device", () => {
  test("rejects what was handed over before it was known, and the next try may succeed", async () => {
    configureDevice({ gpu: { requestAdapter: async () => null } as unknown as GPU });
    const x = tensor([1, 2]);
    const step = compile((s: { w: Tensor }) => ({ w: s.w.add(1) }));
    const early = x.add(1).evaluate();
    const state = step({ w: x });
    const pending = [early.data(), early.mul(2).data(), step(state).w.data(), getDevice()];
    for (const error of await Promise.all(pending.map(errorOf))) {
      expect(error).toBeInstanceOf(NoDeviceError);
      expect((error as Error).message).toMatch(/no adapter: install/);
    }
    expect(await x.data()).toEqual(Float32Array.of(1, 2));
    configureDevice({ gpu });
    expect(await x.add(1).array()).toEqual([2, 3]);
    expect(await step({ w: x }).w.array()).toEqual([2, 3]);
    await expect(early.data()).rejects.toThrow(NoDeviceError);
  });

  test("is also what an adapter without devices is", async () => {
    const adapter = {
      features: new Set(),
      limits: {},
      requestDevice: async () => {
        throw new Error("busy");
      },
    };
    const busy = { requestAdapter: async () => adapter } as unknown as GPU;
    await expect(createDevice({ gpu: busy })).rejects.toThrow(NoDeviceError);
  });
});

describe("an invalid kernel", () => {
  const broken: KernelProgram = {
    name: "broken_kernel",
    wgsl: "@compute @workgroup_size(1)\nfn main() {\n  let x: f32 = 1u;\n}\n",
    bindings: [],
    workgroups: [1, 1, 1],
    workgroupSize: 1,
    cost: { flops: 0, bytes: 0 },
    body: "",
    needsF16: false,
  };

  test.each([
    ["an adapter", gpu],
    ["the null backend", nullGPU()],
  ])("gives its name, its numbered source and the compiler's messages on %s", async (_, host) => {
    const raw = (await (await host.requestAdapter())?.requestDevice()) as GPUDevice;
    const cache = new PipelineCache(raw);
    const [error, again] = await Promise.all([errorOf(cache.get(broken)), errorOf(cache.get(broken))]);
    expect(error).toBeInstanceOf(KernelError);
    expect(again).toBe(error);
    const { kernel, source, messages, message } = error as KernelError;
    expect([kernel, source]).toEqual(["broken_kernel", broken.wgsl]);
    expect(messages.join()).toMatch(/line 3: .*u32/);
    expect(message).toContain("   3   let x: f32 = 1u;");
    expect(cache.peek(broken)).toBeUndefined();
    raw.destroy();
  });

  test("fails the run that needs it and no other", async () => {
    const device = await getDevice();
    const get = device.pipelines.get;
    device.pipelines.get = (program) => get.call(device.pipelines, { ...broken, name: program.name });
    const failed = many().mul(17).add(3).evaluate();
    device.pipelines.get = get;
    await expect(failed.data()).rejects.toThrow(KernelError);
    await expect(failed.add(1).data()).rejects.toThrow(KernelError);
    expect((await many().mul(17).add(4).data())[1]).toBe(21);
  });
});

describe("errors that WebGPU reports late", () => {
  afterEach(async () => {
    await (await getDevice()).idle().catch(() => undefined);
  });

  test("of somebody else come at the next read, once", async () => {
    const device = await getDevice();
    const x = many().add(1).evaluate();
    await device.idle();
    device.gpu.createBuffer({ size: 16, usage: 0xffff });
    await expect(x.data()).rejects.toThrow(/WebGPU: /);
    expect((await x.data())[0]).toBe(1);
  });

  /** Makes WebGPU refuse the bind groups that are made while `body` runs. */
  async function withBadGroups<T>(body: () => T): Promise<T> {
    const device = await getDevice();
    const create = device.gpu.createBindGroup;
    const outsider = device.gpu.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ });
    device.gpu.createBindGroup = (descriptor) => {
      const [first, ...rest] = descriptor.entries as GPUBindGroupEntry[];
      const entries = [{ ...(first as GPUBindGroupEntry), resource: { buffer: outsider } }, ...rest];
      return create.call(device.gpu, { ...descriptor, entries });
    };
    const result = body();
    await device.work.drained();
    device.gpu.createBindGroup = create;
    return result;
  }

  test("of a run come to those who read what it made, and to nobody else", async () => {
    const good = many().add(1).evaluate();
    await (await getDevice()).idle();
    const bad = await withBadGroups(() => many().mul(19).evaluate());
    // Nobody knows yet.
    const fromBad = bad.add(good).evaluate();
    expect((await good.data())[0]).toBe(1);
    await expect(fromBad.data()).rejects.toThrow(/WebGPU refused the work/);
    await expect(bad.data()).rejects.toThrow(/WebGPU refused the work/);
    // From now on it is known where it is used.
    expect(() => bad.mul(2).evaluate()).toThrow(/WebGPU refused the work/);
    expect((await good.mul(2).data())[1]).toBe(4);
  });

  test("of a compiled function spoil the calls that had the same commands, and no later one", async () => {
    const double = compile((x: Tensor) => x.mul(2).cumsum({ axis: 0 }).add(1));
    const x = many().evaluate();
    await (await getDevice()).idle();
    const calls = await withBadGroups(() => [double(x), double(x)]);
    const results = await Promise.allSettled(calls.map((c) => c.data()));
    expect(results.map((r) => r.status)).toEqual(["rejected", "rejected"]);
    for (let i = 0; i < 4; i++) expect((await double(x).data())[3]).toBe(13);
  });
});

describe("an error inside a compiled function", () => {
  test("while it is traced leaves the function as it was", async () => {
    const step = compile((x: Tensor, y: Tensor) => x.add(y).sum());
    expect(await step(tensor([1, 2]), tensor([3, 4])).item()).toBe(10);
    expect(() => step(tensor([1, 2]), tensor([3, 4, 5]))).toThrow(ShapeError);
    expect(await step(tensor([1, 2]), tensor([5, 6])).item()).toBe(14);
    expect(step.compilations).toBe(1);
    expect(() => tensor([1]).matmul(zeros([3, 3]))).toThrow(/^matmul: /);
  });
});
