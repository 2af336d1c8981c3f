import { beforeAll, describe, expect, test } from "vitest";
import {
  arange,
  compile,
  configureDevice,
  createDevice,
  type Device,
  getDevice,
  scalar,
  setDevice,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "../../mod.ts";
import { nodeGPU, nullGPU } from "../support/host.ts";
import { assertCompilesAtMost, collectGarbage, expectSteadyMemory } from "../support/memory.ts";

const gpu = nodeGPU();
let device: Device;
beforeAll(async () => {
  configureDevice({ gpu });
  device = await getDevice();
});

interface State {
  w: Tensor;
  b: Tensor;
  m: { w: Tensor; b: Tensor };
  n: Tensor;
}

const start = (): State => ({
  w: arange(300).cast("f32").mul(0.001).reshape([20, 15]),
  b: zeros([15]),
  m: { w: zeros([20, 15]), b: zeros([15]) },
  n: scalar(0),
});

/** Momentum on a small softmax regression: matrices, vectors and a scalar as state, a loss and a metric beside it. */
const trainingStep = () =>
  compile((s: State, x: Tensor, y: Tensor) => {
    const { value, grads } = valueAndGrad((p: { w: Tensor; b: Tensor }) =>
      x.matmul(p.w).add(p.b).logSoftmax().mul(y).sum({ axis: 1 }).mean().neg(),
    )({ w: s.w, b: s.b });
    const m = { w: s.m.w.mul(0.9).add(grads.w), b: s.m.b.mul(0.9).add(grads.b) };
    const state = { w: s.w.sub(m.w.mul(0.1)), b: s.b.sub(m.b.mul(0.1)), m, n: s.n.add(1) };
    return { state, loss: value, largest: grads.w.abs().max() };
  });

const x = arange(160).cast("f32").mul(0.01).sin().reshape([8, 20]);
const y = zeros([8, 15]).add(tensor([1, ...new Array<number>(14).fill(0)]));

describe("200 steps of training", () => {
  test.each([
    ["every loss is read", 1],
    ["some are", 25],
    ["none is", 1000],
  ])("keep their memory and make no buffers when %s", async (_, every) => {
    const step = trainingStep();
    let state = start();
    const losses: number[] = [];
    await expectSteadyMemory(device, { warmup: 5, steps: 200 }, async (i) => {
      const out = step(state, x, y);
      state = out.state;
      if (i % every === 0) losses.push(await out.loss.item());
    });
    assertCompilesAtMost(step, 1);
    expect(await state.n.item()).toBe(205);
    if (losses.length > 1) expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    step.dispose();
  });

  test("compile their kernels once, also from a new function of the same kind", async () => {
    const before = device.pipelines.compiled;
    const step = trainingStep();
    let state = start();
    for (let i = 0; i < 3; i++) ({ state } = step(state, x, y));
    await device.idle();
    expect(device.pipelines.compiled).toBe(before);
    // Another batch size is another plan.
    ({ state } = step(state, x.slice([0, 4]), y.slice([0, 4])));
    ({ state } = step(state, x, y));
    ({ state } = step(state, x.slice([4, 8]), y.slice([4, 8])));
    expect(step.compilations).toBe(2);
  });

  test("new batches from the host take the buffers of old ones", async () => {
    const step = trainingStep();
    let state = start();
    const batch = new Float32Array(8 * 20 * 40);
    const wide = compile((rows: Tensor) => rows.mean({ axis: 2 }));
    await expectSteadyMemory(device, { warmup: 3, steps: 40 }, async (i) => {
      const rows = tensor(batch.fill(i), { shape: [8, 20, 40] });
      const features = wide(rows);
      const out = step(state, features, y);
      state = out.state;
      rows.dispose();
      features.dispose();
      if (i % 10 === 0) await out.loss.item();
    });
  });
});

describe("eager work", () => {
  test("keeps its memory when tensors are read or disposed of", async () => {
    const w = arange(5000).cast("f32");
    await expectSteadyMemory(device, { warmup: 3, steps: 60 }, async (i) => {
      const z = w
        .mul(2)
        .add(i % 3)
        .cumsum({ axis: 0 });
      const total = z.sum();
      await total.item();
      z.dispose();
    });
  });

  test("many shapes, more than plans are kept, hold no memory", async () => {
    // Nothing is computed, so that 700 kernels take no time.
    const idle = await createDevice({ gpu: nullGPU() });
    setDevice(idle);
    for (let n = 1; n <= 700; n++) zeros([n]).add(1).evaluate().dispose();
    await idle.idle();
    expect(idle.memory().live).toBe(0);
    expect(idle.memory().allocations).toBeLessThan(20);
    idle.destroy();
    setDevice(device);
  });
});

describe("what is dropped without dispose()", () => {
  test("is freed when the garbage is collected: tensors, and the buffers of compiled functions", async () => {
    await collectGarbage();
    await device.idle();
    const before = device.memory().live;
    await (async () => {
      const step = trainingStep();
      let state = start();
      for (let i = 0; i < 4; i++) ({ state } = step(state, x, y));
      const dropped = arange(100_000).cast("f32").add(1).evaluate();
      await device.idle();
      expect(dropped.isDisposed).toBe(false);
      expect(device.memory().live).toBeGreaterThan(before + 400_000);
    })();
    await collectGarbage();
    expect(device.memory().live).toBeLessThanOrEqual(before);
  });

  test("is not freed while queued work needs it", async () => {
    const result = (() => arange(3000).cast("f32").mul(2).evaluate().cumsum({ axis: 0 }).evaluate())();
    await collectGarbage();
    expect((await result.data())[3]).toBe(12);
  });
});

describe("dispose() of a compiled function", () => {
  test("frees what its plans hold, also when calls are still queued", async () => {
    const step = trainingStep();
    let state = start();
    await device.idle();
    const before = device.memory().live;
    for (let i = 0; i < 8; i++) ({ state } = step(state, x, y));
    step.dispose();
    await device.idle();
    const held = device.memory().live - before;
    // The state itself, and the shelf with the losses at most.
    expect(held).toBeLessThanOrEqual(8192 + 256 * 1024);
    ({ state } = step(state, x, y));
    expect(await state.n.item()).toBe(9);
  });
});

describe("the report", () => {
  test("tells live, pooled and peak bytes apart", async () => {
    const own = await createDevice({ gpu });
    setDevice(own);
    const a = zeros([1 << 16])
      .add(1)
      .evaluate();
    const b = a.add(1).evaluate();
    await own.idle();
    expect(own.memory()).toEqual({ live: 2 << 18, pooled: 0, peak: 2 << 18, allocations: 2 });
    a.dispose();
    expect(own.memory()).toEqual({ live: 1 << 18, pooled: 1 << 18, peak: 2 << 18, allocations: 2 });
    const c = b.mul(2).evaluate();
    await own.idle();
    expect(own.memory()).toEqual({ live: 2 << 18, pooled: 0, peak: 2 << 18, allocations: 2 });
    b.dispose();
    c.dispose();
    await own.makeRoom();
    expect(own.memory()).toEqual({ live: 0, pooled: 0, peak: 2 << 18, allocations: 2 });
    own.destroy();
    setDevice(device);
  });
});
