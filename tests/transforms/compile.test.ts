import { expect, test } from "vitest";
import {
  compile,
  createDevice,
  DisposedError,
  explain,
  scalar,
  setDevice,
  type Tensor,
  TraceError,
  tensor,
  zeros,
} from "../../mod.ts";
import { useDevice } from "../support/device.ts";
import { nodeGPU } from "../support/host.ts";

const device = useDevice();

test("one trace for each signature; numbers are constants of it, tensors are not", async () => {
  let traced = 0;
  const f = compile((x: Tensor, factor: number, offset: Tensor) => {
    traced++;
    return x.mul(factor).add(offset);
  });
  expect(await f(tensor([1, 2]), 3, scalar(1)).array()).toEqual([4, 7]);
  expect(await f(tensor([5, 6]), 3, scalar(2)).array()).toEqual([17, 20]);
  expect(traced).toBe(1);
  expect(await f(tensor([5, 6]), 4, scalar(2)).array()).toEqual([22, 26]);
  expect(await f(tensor([5, 6, 7]), 4, scalar(2)).array()).toEqual([22, 26, 30]);
  expect(traced).toBe(3);
  expect(f.compilations).toBe(3);
});

test("equal shapes compile no kernel anew", async () => {
  const f = compile((x: Tensor) => x.softmax().log().sum());
  await f(tensor([[1, 2, 3]])).item();
  const before = device().pipelines.compiled;
  for (let i = 0; i < 5; i++) await f(tensor([[i, 2, 3]])).item();
  expect(device().pipelines.compiled).toBe(before);
});

test("state that comes back is updated in place; the old tensors say so", async () => {
  const step = compile((state: { n: Tensor; w: Tensor }, x: Tensor) => ({
    state: { n: state.n.add(1), w: state.w.mul(0.5).add(x) },
    norm: state.w.sum(),
  }));
  const first = { n: scalar(0), w: tensor([1, 2, 3]) };
  const x = tensor([1, 1, 1]);
  const one = step(first, x);
  // What the caller made stays theirs.
  expect(await first.w.array()).toEqual([1, 2, 3]);
  const two = step(one.state, x);
  await expect(one.state.w.data()).rejects.toThrow(DisposedError);
  expect(() => step(one.state, x)).toThrow(DisposedError);
  expect(await two.state.w.array()).toEqual([1.75, 2, 2.25]);
  expect(await two.state.n.item()).toBe(2);
  expect(await one.norm.item()).toBe(6);
});

test("results that are equal share what one of them has replaced", async () => {
  const zeros = compile((s: { a: Tensor; b: Tensor }) => ({ a: s.a.zerosLike(), b: s.b.zerosLike() }));
  const given = { a: tensor([1, 2]), b: tensor([3, 4]) };
  const none = zeros(given);
  expect([await none.a.array(), await none.b.array()]).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(await given.a.array()).toEqual([1, 2]);

  const step = compile((s: { a: Tensor; b: Tensor }) => ({ a: s.a.add(1), b: s.a.add(1) }));
  let state = step(given);
  for (let i = 0; i < 3; i++) state = step(state);
  expect(await state.a.array()).toEqual([5, 6]);
  expect(await state.b.array()).toEqual([5, 6]);
});

test("donate: false keeps every argument", async () => {
  const step = compile((s: { w: Tensor }) => ({ w: s.w.add(1) }), { donate: false });
  const one = step({ w: tensor([1]) });
  const two = step(one);
  expect(await one.w.array()).toEqual([2]);
  expect(await two.w.array()).toEqual([3]);
});

test("a state tensor that is not changed, or stands in two places, keeps its values", async () => {
  const step = compile((s: { a: Tensor; b: Tensor; c: Tensor }) => ({
    a: s.a.add(1),
    b: s.b,
    c: s.a.mul(s.c),
  }));
  let s = step({ a: tensor([1]), b: tensor([7]), c: tensor([2]) });
  s = step(s);
  expect([await s.a.item(), await s.b.item(), await s.c.item()]).toEqual([3, 7, 4]);
  const twice = compile((t: { a: Tensor; b: Tensor }) => ({ a: t.a.add(t.b), b: t.b.mul(2) }));
  const r = twice({ a: tensor([1]), b: tensor([1]) });
  const shared = twice({ a: r.a, b: r.a });
  expect([await shared.a.item(), await shared.b.item()]).toEqual([4, 4]);
});

test("constants that a state begins with take no memory beside what they become, and stay what they are", async () => {
  const length = 1 << 16;
  const none = zeros([length]);
  const given = { m: none, v: none, ones: zeros([length]).onesLike() };
  const step = compile((s: typeof given) => ({ m: s.m.add(1), v: s.v.sub(s.ones), ones: s.ones.mul(3) }));
  await device().idle();
  const before = device().memory().live;
  let state = step(given);
  await device().idle();
  expect(device().memory().live - before).toBe(3 * 4 * length);
  state = step(state);
  const firsts = async (s: typeof given) => [
    (await s.m.data())[0],
    (await s.v.data())[0],
    (await s.ones.data())[0],
  ];
  expect(await firsts(state)).toEqual([2, -4, 9]);
  expect(await firsts(given)).toEqual([0, 0, 1]);
  expect(await firsts(step(given))).toEqual([1, -1, 3]);
});

test("live memory is constant over 200 steps", async () => {
  const step = compile((s: { w: Tensor; m: Tensor }, x: Tensor) => {
    const m = s.m.mul(0.9).add(s.w.mul(x));
    return { state: { w: s.w.sub(m.mul(0.01)), m }, loss: s.w.mul(s.w).mean() };
  });
  // A device of its own: on the other one, what earlier tests left may be freed at any moment.
  const own = await createDevice({ gpu: nodeGPU() });
  setDevice(own);
  // Held to the end, so that the collector does not free it in between.
  const initial = { w: tensor(new Float32Array(3000).fill(1)), m: tensor(new Float32Array(3000)) };
  let state = initial;
  const x = tensor(new Float32Array(3000).fill(0.5));
  let early = 0;
  for (let i = 0; i < 200; i++) {
    const out = step(state, x);
    state = out.state;
    await out.loss.item();
    if (i === 3) early = own.memory().live;
  }
  expect(own.memory().live).toBe(early);
  expect((await initial.w.data())[0]).toBe(1);
  setDevice(device());
  own.destroy();
});

test("tensors from outside are captured, evaluated once", async () => {
  const table = tensor([1, 2, 3]).mul(2);
  const f = compile((x: Tensor) => x.add(table));
  expect(await f(tensor([1, 1, 1])).array()).toEqual([3, 5, 7]);
  expect(await f(tensor([2, 2, 2])).array()).toEqual([4, 6, 8]);
});

test("values cannot be read, and promises not returned, while a function is traced", async () => {
  let reading: Promise<unknown> = Promise.resolve();
  const f = compile((x: Tensor) => {
    reading = x.mul(2).data();
    reading.catch(() => undefined);
    return x;
  });
  f(tensor([1]));
  await expect(reading).rejects.toThrow(TraceError);
  expect(() => compile(async (x: Tensor) => x)(tensor([1]))).toThrow(TraceError);
});

test("results of another compiled function, views and constants go in and out", async () => {
  const f = compile((x: Tensor) => ({
    same: x,
    flat: x.reshape([4]),
    turned: x.transpose(),
    one: tensor([1]),
  }));
  const g = compile((x: Tensor) => x.add(1));
  const out = f(
    tensor([
      [1, 2],
      [3, 4],
    ]),
  );
  expect(await out.same.array()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(await g(out.flat).array()).toEqual([2, 3, 4, 5]);
  expect(await g(out.turned).array()).toEqual([
    [2, 4],
    [3, 5],
  ]);
  expect(await out.one.array()).toEqual([1]);
});

test("explain tells kernels, operations, bytes and peak memory without running", () => {
  const report = explain((x: Tensor) => x.mul(2).relu().sum(), tensor(new Float32Array(100)));
  expect(report.dispatches).toBe(1);
  expect(report.kernels[0]?.ops).toContain("sum");
  expect(report.bytesMoved).toBe(404);
  expect(report.peakBytes).toBe(404);
});
