// The runtime on every host: steps in steady memory, reads, and errors that each WebGPU tells in its own way.
import {
  arange,
  compile,
  createDevice,
  type Device,
  DeviceLostError,
  KernelError,
  profile,
  scalar,
  setDevice,
  type Tensor,
  tensor,
  withDebug,
} from "../../mod.ts";
import type { Case } from "../platform/case.ts";
import { Skip } from "../platform/case.ts";

/** Runs `body` with a device of its own as the one that work goes to. */
async function withDevice(body: (device: Device) => Promise<void>): Promise<void> {
  const device = await createDevice();
  setDevice(device);
  try {
    await body(device);
  } finally {
    device.destroy();
  }
}

function equal(got: unknown, want: unknown, what: string): void {
  if (JSON.stringify(got) !== JSON.stringify(want))
    throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "it did not fail",
    (error: unknown) => error,
  );
}

const makeStep = () =>
  compile((s: { w: Tensor; n: Tensor }, x: Tensor) => ({
    state: { w: s.w.mul(0.5).add(x), n: s.n.add(1) },
    loss: s.w.sum(),
  }));

const start = () => ({ w: arange(2000).cast("f32"), n: scalar(0) });

async function keepsMemory(device: Device): Promise<void> {
  const step = makeStep();
  let state = start();
  const x = tensor([2]);
  const run = async (steps: number) => {
    for (let i = 0; i < steps; i++) {
      const out = step(state, x);
      state = out.state;
      if (i % 10 === 0) await out.loss.item();
    }
    await device.idle();
    return device.memory();
  };
  const before = await run(10);
  const after = await run(100);
  if (after.live > before.live) throw new Error(`live bytes grew from ${before.live} to ${after.live}`);
  equal(after.allocations, before.allocations, "buffers made");
  equal(await state.n.item(), 110, "steps");
  const w = await state.w.data();
  if (Math.abs((w[1] as number) - 4) > 1e-5) throw new Error(`state is ${w[1]}`);
}

async function readsInOrder(): Promise<void> {
  const step = makeStep();
  let state = start();
  const counts: Promise<number>[] = [];
  for (let i = 0; i < 12; i++) {
    counts.push(state.n.item());
    ({ state } = step(state, tensor([i])));
  }
  equal(
    await Promise.all(counts),
    counts.map((_, i) => i),
    "state at each read",
  );
}

async function survivesLoss(device: Device): Promise<void> {
  const there = arange(3000).cast("f32").add(1).evaluate();
  const onHost = tensor([1, 2]);
  const pending = errorOf(there.data());
  device.gpu.destroy();
  for (const error of [await pending, await errorOf(there.data())]) {
    if (!(error instanceof DeviceLostError)) throw new Error(`want a DeviceLostError, got ${error}`);
  }
  equal(await onHost.add(1).array(), [2, 3], "on a fresh device");
}

async function tellsKernels(device: Device): Promise<void> {
  const broken = {
    name: "broken",
    wgsl: "@compute @workgroup_size(1)\nfn main() {\n  let x: f32 = 1u;\n}",
    bindings: [],
    workgroups: [1, 1, 1] as const,
    workgroupSize: 1,
    cost: { flops: 0, bytes: 0 },
    body: "",
    needsF16: false,
  };
  const error = await errorOf(device.pipelines.get(broken));
  if (!(error instanceof KernelError)) throw new Error(`want a KernelError, got ${error}`);
  equal([error.kernel, error.messages.length > 0], ["broken", true], "what it says");
}

async function timesKernels(device: Device): Promise<void> {
  if (!device.profiler.hasTimestamps) throw new Skip("no timestamp-query");
  const x = arange(256 * 256)
    .cast("f32")
    .mul(1e-5)
    .reshape([256, 256])
    .evaluate();
  const kernels = await profile(() => x.matmul(x).sum().item());
  const product = kernels.find((k) => k.ops.includes("matmul"));
  if (!product || !(product.duration > 0)) throw new Error(`timings are ${JSON.stringify(kernels)}`);
}

async function checksKernels(): Promise<void> {
  const x = arange(24).cast("f32").mul(0.1).reshape([4, 6]);
  await withDebug({ compare: true, nanCheck: true }, () => x.matmul(x.transpose()).softmax().log().data());
  const lines: string[] = [];
  await withDebug({ level: 2, print: (line) => lines.push(line) }, () => x.mul(3).sum().item());
  if (!/; miss, .* at .+:\d+:\d+$/.test(lines[0] ?? "")) throw new Error(`lines are ${lines.join("\n")}`);
  equal(lines.length, 2, "debug lines");
}

export const cases: readonly Case[] = [
  { name: "100 steps keep their memory", run: () => withDevice(keepsMemory) },
  { name: "reads see the state at their call", run: () => withDevice(readsInOrder) },
  { name: "a lost device is told and replaced", run: () => withDevice(survivesLoss) },
  { name: "a kernel that does not compile is told", run: () => withDevice(tellsKernels) },
  { name: "kernels are timed", run: () => withDevice(timesKernels) },
  { name: "kernels are checked, and debug lines told", run: () => withDevice(checksKernels) },
];
