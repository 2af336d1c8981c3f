import { beforeEach, describe, expect, test } from "vitest";
import {
  arange,
  compile,
  createDevice,
  type Device,
  setDevice,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { nodeGPU, nullGPU } from "../support/host.ts";

const gpu = nodeGPU();
const idle = nullGPU();
const LENGTH = 2000;
const many = () => arange(LENGTH, undefined, 1, { dtype: "f32" });
const next = () => compile((s: { w: Tensor }, x: Tensor) => ({ state: { w: s.w.add(x) }, sum: s.w.sum() }));

let device: Device;
beforeEach(async () => {
  device = await createDevice({ gpu });
  setDevice(device);
  return () => device.destroy();
});

/** Counts the command buffers that are given to a device. */
function countSubmits(of: Device): () => number {
  let count = 0;
  const { submit } = of.gpu.queue;
  of.gpu.queue.submit = (buffers) => {
    count++;
    submit.call(of.gpu.queue, buffers);
  };
  return () => count;
}

describe("reads", () => {
  test("are many at a time, each of the values at its call", async () => {
    const step = next();
    let { state } = step({ w: many() }, tensor([1]));
    const sums: Promise<number>[] = [];
    for (let i = 0; i < 20; i++) {
      const out = step(state, tensor([1]));
      state = out.state;
      sums.push(out.sum.item());
    }
    const first = ((LENGTH - 1) * LENGTH) / 2;
    expect(await Promise.all(sums)).toEqual(sums.map((_, i) => first + (i + 1) * LENGTH));
    expect((await state.w.data())[7]).toBe(7 + 21);
  });

  test("do not wait for work that comes after them", async () => {
    const step = next();
    let { state } = step({ w: many() }, tensor([1]));
    await device.idle();
    const early = step(state, tensor([1]));
    state = early.state;
    let left = -1;
    const read = early.sum.item().then(() => {
      left = device.work.pending;
    });
    for (let i = 0; i < 60; i++) ({ state } = step(state, tensor([1])));
    await read;
    expect(left).toBeGreaterThan(10);
    expect((await state.w.data())[0]).toBe(62);
  });

  test("of one tensor at once give the same, in arrays of their own", async () => {
    const x = many().add(1).evaluate();
    const [a, b] = await Promise.all([x.data(), x.data()]);
    expect(a).toEqual(b);
    a[0] = 99;
    expect(b[0]).toBe(1);
    expect((await x.data())[0]).toBe(1);
  });

  test("reuse their staging buffers", async () => {
    const x = many().add(1).evaluate();
    const create = device.gpu.createBuffer;
    let created = 0;
    device.gpu.createBuffer = (descriptor) => {
      created++;
      return create.call(device.gpu, descriptor);
    };
    for (let i = 0; i < 5; i++) await x.data();
    device.gpu.createBuffer = create;
    expect(created).toBeLessThanOrEqual(2);
  });
});

describe("steps", () => {
  test("are at most three ahead of the GPU, and come in order however many are called", async () => {
    const step = next();
    let { state } = step({ w: zeros([1 << 18]) }, tensor([1]));
    await device.idle();
    let most = 0;
    const { submit } = device.gpu.queue;
    device.gpu.queue.submit = (buffers) => {
      submit.call(device.gpu.queue, buffers);
      most = Math.max(most, device.work.stepsAhead);
    };
    for (let i = 0; i < 100; i++) ({ state } = step(state, tensor([1])));
    expect(device.work.pending).toBeGreaterThan(90);
    await device.idle();
    // Counted as the fourth is about to be added.
    expect(most).toBeLessThan(3);
    expect(most).toBeGreaterThan(0);
    expect(device.work.stepsAhead).toBe(0);
    expect((await state.w.data())[1]).toBe(101);
  });

  test("of two functions that hand a state to each other stay in order", async () => {
    const double = compile((s: { w: Tensor }) => ({ w: s.w.mul(2) }));
    const add = compile((s: { w: Tensor }) => ({ w: s.w.add(1) }));
    let state = { w: zeros([LENGTH]) };
    for (let i = 0; i < 10; i++) state = add(double(state));
    expect((await state.w.data())[0]).toBe(2 ** 10 - 1);
  });

  test("are one submit each, and nothing else once they run", async () => {
    const step = next();
    const x = tensor([1]);
    let { state } = step({ w: many() }, x);
    ({ state } = step(state, x));
    await device.idle();
    const submits = countSubmits(device);
    for (let i = 0; i < 2; i++) ({ state } = step(state, x));
    await device.idle();
    expect(submits()).toBe(2);
  });
});

describe("command buffers", () => {
  test("are cut where the work is estimated to take long", async () => {
    const quick = await createDevice({ gpu: idle });
    setDevice(quick);
    const big = zeros([4096, 4096]).add(1).evaluate();
    const chain = compile((a: Tensor) => a.matmul(a).matmul(a).matmul(a));
    chain(big);
    await quick.idle();
    const submits = countSubmits(quick);
    chain(big);
    await quick.idle();
    expect(submits()).toBe(3);
    const small = zeros([64, 64]).add(1).evaluate();
    chain(small);
    await quick.idle();
    const before = submits();
    chain(small);
    await quick.idle();
    expect(submits() - before).toBe(1);
    quick.destroy();
  });
});
