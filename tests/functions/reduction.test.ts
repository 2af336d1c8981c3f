import { expect, test } from "vitest";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

const { NaN: nan } = Number;
const inf = Infinity;
const x = m.tensor([
  [1, -2, 3],
  [4, 5, -6],
]);

test("sums, products and extremes over axes", async () => {
  await check({
    "sum of all": [m.sum(x), 5],
    "sum of rows": [x.sum({ axis: -1 }), [2, 3]],
    "sum, axes kept": [x.sum({ axis: 0, keepDims: true }), [[5, 3, -3]]],
    "sum over no axes": [
      x.sum({ axis: [] }),
      [
        [1, -2, 3],
        [4, 5, -6],
      ],
    ],
    "sum over both": [x.sum({ axis: [1, 0] }), 5],
    "sum of booleans": [m.sum(m.tensor([true, false, true])), 2, 0],
    "sum of integers": [m.arange(5).sum(), 10, 0],
    "sum of a scalar": [m.tensor(3).sum(), 3],
    prod: [x.prod({ axis: 1 }), [-6, -120]],
    max: [x.max({ axis: 0 }), [4, 5, 3]],
    min: [x.min({ axis: 1, keepDims: true }), [[-2], [-6]]],
    "max with NaN": [m.max(m.tensor([1, nan, 2])), nan],
    "min of integers": [m.min(m.arange(3, -3, -1)), -2, 0],
    "max of booleans": [
      m.max(
        m.tensor([
          [false, true],
          [false, false],
        ]),
        { axis: 1 },
      ),
      [true, false],
    ],
    argmax: [x.argmax(), 4, 0],
    "argmax of rows": [x.argmax({ axis: 1 }), [2, 1], 0],
    "argmin, axis kept": [x.argmin({ axis: 0, keepDims: true }), [[0, 0, 1]], 0],
    "first of equals": [m.argmax(m.tensor([1, 3, 3])), 1, 0],
    "first NaN": [m.argmin(m.tensor([1, nan, -3, nan])), 1, 0],
    "argmax of booleans": [m.argmax(m.tensor([false, true, true])), 1, 0],
    "argmax of a scalar": [m.argmax(m.tensor(7)), 0, 0],
    "mean of integers": [m.mean(m.arange(4)), 1.5],
    "mean of booleans": [m.mean(m.tensor([true, false])), 0.5],
    "mean of rows": [x.mean({ axis: 1 }), [2 / 3, 1]],
    any: [
      m.any(
        m.tensor([
          [0, 0],
          [0, nan],
        ]),
        { axis: 1 },
      ),
      [false, true],
    ],
    all: [
      m.all(
        m.tensor([
          [1, 0],
          [2, nan],
        ]),
        { axis: 1 },
      ),
      [false, true],
    ],
    countNonzero: [m.countNonzero(m.tensor([0, 2, -1])), 2, 0],
  });
  expect(m.sum(m.tensor([true])).dtype).toBe("i32");
  expect(m.mean(m.arange(2)).dtype).toBe("f32");
});

test("half floats are averaged without overflow", async () => {
  const big = m.full([1000], 60000).cast("f16");
  expect(big.mean().dtype).toBe("f16");
  expect(big.std().dtype).toBe("f16");
});

test("nothing to reduce", async () => {
  const empty = m.zeros([2, 0]);
  await check({
    sum: [empty.sum({ axis: 1 }), [0, 0]],
    prod: [empty.prod({ axis: 1 }), [1, 1]],
    "sum of integers": [m.zeros([0], { dtype: "i32" }).sum(), 0],
    mean: [empty.mean({ axis: 1 }), [nan, nan]],
    any: [empty.any(), false],
    all: [empty.all({ axis: 1 }), [true, true]],
    logSumExp: [empty.logSumExp({ axis: 1 }), [-inf, -inf]],
    variance: [empty.variance(), nan],
    norm: [empty.norm({ axis: 1 }), [0, 0]],
    "max of no rows": [m.zeros([0, 3]).max({ axis: 1 }), []],
  });
  const { max, min, argmax, argmin } = m;
  for (const [op, f] of Object.entries({ max, min, argmax, argmin }))
    expect(errorOf(() => f(empty, { axis: 1 }))).toMatchObject({ name: "ShapeError", op });
});

test("spread and norms", async () => {
  const y = m.tensor([1000001, 1000002, 1000003]);
  const z = m.tensor([3, 0, -4]);
  await check({
    variance: [y.variance(), 2 / 3],
    "variance of a sample": [y.variance({ correction: 1 }), 1],
    std: [x.std({ axis: 1 }), [Math.sqrt(38 / 9), Math.sqrt(74 / 3)]],
    "std of one, sample": [m.tensor([5]).std({ correction: 1 }), nan],
    "variance of integers": [m.arange(4).variance(), 1.25],
    norm: [z.norm(), 5],
    "norm 1": [z.norm({ ord: 1 }), 7],
    "norm 0": [z.norm({ ord: 0 }), 2],
    "norm 3": [z.norm({ ord: 3 }), Math.cbrt(91)],
    "norm inf": [z.norm({ ord: inf }), 4],
    "norm -inf": [z.norm({ ord: -inf }), 0],
    "norm of rows": [x.norm({ axis: 1, keepDims: true }), [[Math.sqrt(14)], [Math.sqrt(77)]]],
    "gradient of a zero norm": [m.grad((t: m.Tensor) => t.norm())(m.zeros([2])), [0, 0]],
    "gradient of a zero norm 3": [m.grad((t: m.Tensor) => t.norm({ ord: 3 }))(m.zeros([2])), [0, 0]],
    "gradient of a norm": [m.grad((t: m.Tensor) => t.norm())(z), [0.6, 0, -0.8]],
    "gradient of no spread": [m.grad((t: m.Tensor) => t.std())(m.ones([3])), [0, 0, 0]],
    "gradient of max at ties": [m.grad((t: m.Tensor) => t.max())(m.tensor([1, 5, 5])), [0, 0.5, 0.5]],
    "gradient of prod with a zero": [m.grad((t: m.Tensor) => t.prod())(m.tensor([2, 0, 3])), [0, 6, 0]],
  });
});

test("logSumExp", async () => {
  const rows = m.tensor([
    [1000, 1000],
    [-inf, -inf],
    [inf, 1],
    [-inf, 2],
    [nan, 1],
  ]);
  await check({
    values: [m.logSumExp(rows, { axis: 1 }), [1000 + Math.LN2, -inf, inf, 2, nan]],
    "of integers": [m.arange(2).logSumExp(), Math.log(1 + Math.E)],
    gradient: [m.grad((t: m.Tensor) => t.logSumExp())(m.tensor([0, Math.log(3)])), [0.25, 0.75]],
    "gradient of nothing but -Infinity": [m.grad((t: m.Tensor) => t.logSumExp())(m.full([2], -inf)), [0, 0]],
  });
});

test("running folds", async () => {
  const y = m.tensor([2, -1, 3, 3, nan, 4]);
  await check({
    cumsum: [
      x.cumsum({ axis: 1 }),
      [
        [1, -1, 2],
        [4, 9, 3],
      ],
    ],
    "cumsum down": [
      x.cumsum({ axis: 0 }),
      [
        [1, -2, 3],
        [5, 3, -3],
      ],
    ],
    "cumsum reversed": [m.arange(4).cumsum({ reverse: true }), [6, 6, 5, 3], 0],
    "cumsum of booleans": [m.cumsum(m.tensor([true, false, true])), [1, 1, 2], 0],
    cumprod: [m.cumprod(m.tensor([2, 0, 3])), [2, 0, 0]],
    cummax: [m.cummax(y), [2, 2, 3, 3, nan, nan]],
    cummin: [m.cummin(y), [2, -1, -1, -1, nan, nan]],
    empty: [m.cumsum(m.zeros([0])), []],
    "gradient of cummax": [m.grad((t: m.Tensor) => t.cummax().sum())(m.tensor([1, 3, 3, 2])), [1, 3, 0, 0]],
    "gradient of cumprod": [m.grad((t: m.Tensor) => t.cumprod().sum())(m.tensor([2, 0, 3])), [1, 2 + 6, 0]],
  });
  expect(errorOf(() => m.cumsum(x))).toMatchObject({ name: "AxisError", problem: "no axis is given" });
});

test("long running folds are cut into blocks", async () => {
  const n = 2500;
  const values = Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 101) - 50);
  const fold = (merge: (a: number, b: number) => number, list: Float32Array) => {
    const out: number[] = [];
    list.forEach((v, i) => {
      out.push(i === 0 ? v : merge(out[i - 1] as number, v));
    });
    return out;
  };
  const y = m.tensor(values);
  const sums = fold((a, b) => a + b, values);
  const fromEnd = fold((a, b) => a + b, values.slice().reverse()).reverse();
  const withNaN = m.where(m.equal(m.arange(n), 1500), nan, y);
  await check({
    cumsum: [y.cumsum(), sums, 0],
    reversed: [y.cumsum({ reverse: true }), fromEnd, 0],
    "along the first axis": [
      m.stack([y, y.neg()], { axis: 1 }).cumsum({ axis: 0 }).slice([-1]),
      [[sums[n - 1] as number, -(sums[n - 1] as number)]],
      0,
    ],
    cummax: [y.cummax(), fold(Math.max, values), 0],
    "cummin of integers": [y.cast("i32").cummin(), fold(Math.min, values), 0],
    "NaN goes on": [withNaN.cummax().slice([1498, null, 500]), [50, nan, nan], 0],
    gradient: [
      m
        .grad((t: m.Tensor) => t.cumsum().slice([-1]).sum())(y)
        .sum(),
      n,
      0,
    ],
    "gradient of cummax goes to the first of equals": [
      m
        .grad((t: m.Tensor) => t.cummax().sum())(m.ones([n]))
        .slice([0, 2]),
      [n, 0],
      0,
    ],
  });
});

test("axes are checked", () => {
  expect(errorOf(() => x.sum({ axis: 2 }))).toMatchObject({ name: "AxisError", op: "sum" });
  expect(errorOf(() => x.mean({ axis: [0, -2] })).problem).toBe("an axis is named twice");
  expect(errorOf(() => x.argmax({ axis: 0.5 })).name).toBe("AxisError");
});
