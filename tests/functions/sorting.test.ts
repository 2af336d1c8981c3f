import { expect, test } from "vitest";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

const { NaN: nan } = Number;
const inf = Infinity;
const x = m.tensor([3, nan, -1, 3, inf, 0]);

test("sort and argsort", async () => {
  const table = m.tensor([
    [3, 1],
    [1, 2],
    [2, 0],
  ]);
  const extremes = m.tensor([5, -2147483648, 2147483647, 0], { dtype: "i32" });
  await check({
    ascending: [m.sort(x), [-1, 0, 3, 3, inf, nan], 0],
    descending: [m.sort(x, { descending: true }), [inf, 3, 3, 0, -1, nan], 0],
    "stable order": [m.argsort(x), [2, 5, 0, 3, 4, 1], 0],
    "stable order, descending": [x.argsort({ descending: true }), [4, 0, 3, 5, 2, 1], 0],
    "along the first axis": [
      table.sort({ axis: 0 }),
      [
        [1, 0],
        [2, 1],
        [3, 2],
      ],
      0,
    ],
    "along the last axis": [
      table.argsort(),
      [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
      0,
    ],
    integers: [extremes.sort({ descending: true }), [2147483647, 5, 0, -2147483648], 0],
    "unsigned integers": [m.tensor([1, 4000000000, 0], { dtype: "u32" }).sort(), [0, 1, 4000000000], 0],
    booleans: [m.sort(m.tensor([true, false, true])), [false, true, true]],
    "one element": [m.sort(m.tensor([7])), [7], 0],
    "no elements": [m.sort(m.zeros([2, 0])), [[], []]],
    gradient: [
      m.grad((t: m.Tensor) =>
        t
          .sort()
          .mul(m.tensor([1, 2, 3]))
          .sum(),
      )(m.tensor([5, 1, 3])),
      [3, 1, 2],
      0,
    ],
  });
  expect(errorOf(() => m.sort(m.tensor(1)))).toMatchObject({ name: "AxisError", op: "sort" });
});

test("a long row", async () => {
  const values = Float32Array.from({ length: 300 }, (_, i) => (i * 7919) % 311);
  await check({ sort: [m.sort(m.tensor(values)), [...values].sort((a, b) => a - b), 0] });
});

test("topK", async () => {
  const rows = m.tensor([
    [1, 9, 9, 2],
    [4, 3, 2, 1],
  ]);
  const top = m.topK(rows, 2);
  const least = rows.topK(1, { axis: 0, largest: false });
  await check({
    values: [
      top.values,
      [
        [9, 9],
        [4, 3],
      ],
      0,
    ],
    "indices, first of equals first": [
      top.indices,
      [
        [1, 2],
        [0, 1],
      ],
      0,
    ],
    "smallest along the first axis": [least.values, [[1, 3, 2, 1]], 0],
    "and where": [least.indices, [[0, 1, 1, 1]], 0],
    none: [m.topK(rows, 0).values, [[], []]],
    gradient: [m.grad((t: m.Tensor) => t.topK(2).values.sum())(m.tensor([1, 5, 3])), [0, 1, 1], 0],
  });
  expect(errorOf(() => m.topK(rows, 5))).toMatchObject({ name: "AxisError", op: "topK" });
});

test("searchsorted", async () => {
  const sorted = m.tensor([1, 2, 2, 5, nan]);
  const values = m.tensor([
    [0, 1, 2],
    [3, 7, nan],
  ]);
  const rows = m.tensor([
    [1, 3],
    [2, 4],
  ]);
  await check({
    left: [
      m.searchsorted(sorted, values),
      [
        [0, 0, 1],
        [3, 4, 4],
      ],
      0,
    ],
    right: [
      m.searchsorted(sorted, values, { side: "right" }),
      [
        [0, 1, 3],
        [3, 4, 5],
      ],
      0,
    ],
    "rows of their own": [
      m.searchsorted(
        rows,
        m.tensor([
          [0, 2, 9],
          [0, 2, 9],
        ]),
      ),
      [
        [0, 1, 2],
        [0, 0, 2],
      ],
      0,
    ],
    integers: [
      m.searchsorted(m.arange(0, 200, 2), m.tensor([51, 50, -1, 500], { dtype: "i32" })),
      [26, 25, 0, 100],
      0,
    ],
    "in nothing": [m.searchsorted(m.zeros([0]), m.tensor([1])), [0], 0],
    scalar: [m.searchsorted(m.arange(4), m.scalar(2, "i32")), 2, 0],
  });
  expect(errorOf(() => m.searchsorted(rows, m.zeros([3, 2])))).toMatchObject({
    name: "ShapeError",
    op: "searchsorted",
  });
});

test("quantiles", async () => {
  const table = m.tensor([
    [4, 1, 3, 2],
    [10, 30, 20, nan],
  ]);
  await check({
    "median of an even number": [m.median(table, { axis: 1 }), [2.5, nan]],
    "median of an odd number": [m.median(m.tensor([9, 1, 5])), 5],
    quantile: [m.quantile(m.arange(11), 0.25), 2.5],
    ends: [m.stack([m.quantile(m.arange(5), 0), m.quantile(m.arange(5), 1)]), [0, 4]],
    "axes kept": [table.median({ axis: 0, keepDims: true }), [[7, 15.5, 11.5, nan]]],
  });
  expect(errorOf(() => m.quantile(table, 1.5))).toMatchObject({ name: "AxisError", op: "quantile" });
  expect(errorOf(() => m.median(m.zeros([0])))).toMatchObject({ name: "ShapeError", op: "median" });
});

test("two orders of the same values in one program", async () => {
  const f = m.compile((v: m.Tensor) => [v.sum(), v.argsort(), v.argsort({ descending: true }), v.sort()]);
  const [sum, up, down, sorted] = f(m.tensor([3, 1, 2]));
  await check({
    ascending: [up as m.Tensor, [1, 2, 0], 0],
    descending: [down as m.Tensor, [0, 2, 1], 0],
    sorted: [sorted as m.Tensor, [1, 2, 3], 0],
    sum: [sum as m.Tensor, 6, 0],
  });
});
