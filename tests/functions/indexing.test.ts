import { expect, test } from "vitest";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

const { NaN: nan } = Number;
const i32 = (values: number[] | number[][]) => m.tensor(values, { dtype: "i32" });
const x = m.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

test("gather has the shape of its indices, and a gradient", async () => {
  const at = i32([[2, 0, 2, -1]]);
  await check({
    "fewer rows": [m.gather(x, at), [[3, 1, 3, 3]], 0],
    rows: [x.gather(i32([[1, 0, 1]]), { axis: 0 }), [[4, 2, 6]], 0],
    gradient: [
      m.grad((t: m.Tensor) =>
        t
          .gather(at)
          .mul(m.tensor([1, 10, 100, 1000]))
          .sum(),
      )(x),
      [
        [10, 0, 1101],
        [0, 0, 0],
      ],
      0,
    ],
  });
  expect(errorOf(() => m.gather(x, i32([[0], [0], [0]]))).op).toBe("gather");
});

test("take and takeAlongAxis", async () => {
  await check({
    rows: [
      m.take(x, i32([1, 0, -1]), { axis: 0 }),
      [
        [4, 5, 6],
        [1, 2, 3],
        [4, 5, 6],
      ],
      0,
    ],
    "columns by a matrix": [
      x.take(i32([[0], [2]]), { axis: -1 }),
      [
        [[1], [3]],
        [[4], [6]],
      ],
      0,
    ],
    "of a vector": [m.take(m.arange(5), m.tensor([4], { dtype: "u32" })), [4], 0],
    "a number drops the axis": [x.take(-1, { axis: 1 }), [3, 6], 0],
    "an index outside": [m.take(m.tensor([1, 2]), i32([2, -3, 1])), [nan, nan, 2], 0],
    "an index outside integers": [m.take(i32([7, 8]), i32([5, -1])), [0, 8], 0],
    "no indices": [x.take(i32([]), { axis: 1 }), [[], []]],
    "along the last axis": [
      x.takeAlongAxis(
        i32([
          [2, 0],
          [1, 1],
        ]),
      ),
      [
        [3, 1],
        [5, 5],
      ],
      0,
    ],
    "along the first, broadcast": [
      x.takeAlongAxis(i32([[1], [0]]), { axis: 0 }),
      [
        [4, 5, 6],
        [1, 2, 3],
      ],
      0,
    ],
    "gradient adds up": [
      m.grad((t: m.Tensor) =>
        t
          .take(i32([0, 2, 0]))
          .mul(m.tensor([1, 10, 100]))
          .sum(),
      )(m.zeros([3])),
      [101, 0, 10],
    ],
  });
  expect(errorOf(() => x.take(3, { axis: 1 }))).toMatchObject({ name: "AxisError", op: "take" });
  expect(errorOf(() => x.take(i32([0]))).problem).toBe("no axis is given");
  expect(errorOf(() => x.take(x, { axis: 0 })).name).toBe("DTypeError");
  expect(errorOf(() => x.takeAlongAxis(i32([0]))).problem).toBe("ranks differ");
  expect(errorOf(() => x.takeAlongAxis(i32([[0], [0], [0]]))).name).toBe("ShapeError");
});

test("index by several tensors", async () => {
  const cube = m.arange(24).reshape([2, 3, 4]);
  await check({
    pairs: [x.index(i32([0, 1]), i32([2, -3])), [3, 4], 0],
    "a grid": [
      x.index(i32([[0], [1]]), i32([0, 2])),
      [
        [1, 3],
        [4, 6],
      ],
      0,
    ],
    "leading axes only": [
      cube.index(i32([1, 0]), i32([2, 1])),
      [
        [20, 21, 22, 23],
        [4, 5, 6, 7],
      ],
      0,
    ],
    "number and tensor": [x.index(1, i32([0, 1])), [4, 5], 0],
    "one is outside": [x.index(i32([0, 0, 0]), i32([3, -4, 0])), [nan, nan, 1], 0],
    gradient: [
      m.grad((t: m.Tensor) => t.index(i32([0, 0]), i32([1, 1])).sum())(m.zeros([2, 2])),
      [
        [0, 2],
        [0, 0],
      ],
    ],
  });
  expect(errorOf(() => x.index())).toMatchObject({ name: "AxisError", op: "index" });
  expect(errorOf(() => x.index(0, 0, 0)).name).toBe("AxisError");
  expect(errorOf(() => x.index(2, i32([0]))).problem).toBe("2 is outside axis 0");
});

test("scatter along an axis", async () => {
  const base = m.zeros([2, 3]);
  const at = i32([
    [0, 0, 2, 1],
    [1, -1, 7, 1],
  ]);
  const updates = m.tensor([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]);
  await check({
    add: [
      m.scatterAdd(base, at, updates),
      [
        [3, 4, 3],
        [0, 13, 6],
      ],
      0,
    ],
    "set, the last stays": [
      m.scatterSet(base, at, updates),
      [
        [2, 4, 3],
        [0, 8, 6],
      ],
      0,
    ],
    "add a number": [m.scatterAdd(m.zeros([3], { dtype: "i32" }), i32([1, 1]), 5), [0, 10, 0], 0],
    "along the first axis": [
      m.scatterAdd(base, i32([[1, 0, 1]]), m.tensor([[1, 2, 3]]), { axis: 0 }),
      [
        [0, 2, 0],
        [1, 0, 3],
      ],
      0,
    ],
    "inverse of takeAlongAxis": [
      m.scatterSet(
        base,
        i32([
          [2, 0, 1],
          [1, 2, 0],
        ]),
        x.takeAlongAxis(
          i32([
            [2, 0, 1],
            [1, 2, 0],
          ]),
        ),
      ),
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      0,
    ],
    "gradient of updates": [
      m.grad((u: m.Tensor) => m.scatterSet(base, at, u).sum())(updates),
      [
        [0, 1, 1, 1],
        [0, 1, 0, 1],
      ],
      0,
    ],
    "gradient of the base": [
      m.grad((t: m.Tensor) => m.scatterSet(t, at, updates).sum())(base),
      [
        [0, 0, 0],
        [1, 0, 0],
      ],
      0,
    ],
  });
  expect(errorOf(() => m.scatterAdd(base, at, m.zeros([2, 5])))).toMatchObject({
    name: "ShapeError",
    op: "scatterAdd",
  });
  expect(errorOf(() => m.scatterAdd(base, i32([[0]]), 1)).name).toBe("ShapeError");
});

test("updates at places", async () => {
  const base = m.zeros([3, 2]);
  await check({
    "add rows": [
      m.indexAdd(
        base,
        i32([2, 0, 2]),
        m.tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      ),
      [
        [3, 4],
        [0, 0],
        [6, 8],
      ],
      0,
    ],
    "set a row": [
      base.indexSet(1, m.tensor([7, 8])),
      [
        [0, 0],
        [7, 8],
        [0, 0],
      ],
      0,
    ],
    "set elements": [
      m.indexSet(base, [i32([0, -1]), i32([1, 0])], m.tensor([5, 6])),
      [
        [0, 5],
        [0, 0],
        [6, 0],
      ],
      0,
    ],
    "a number everywhere": [
      base.indexAdd(i32([0, 0]), 1.5),
      [
        [3, 3],
        [0, 0],
        [0, 0],
      ],
      0,
    ],
    "outside is dropped": [
      base.indexAdd([i32([0, 0]), i32([2, 1])], 1),
      [
        [0, 1],
        [0, 0],
        [0, 0],
      ],
      0,
    ],
    "gradient of updates": [
      m.grad((u: m.Tensor) =>
        m
          .indexAdd(base, i32([0, 2]), u)
          .mul(m.tensor([1, 10]))
          .sum(),
      )(m.zeros([2, 2])),
      [
        [1, 10],
        [1, 10],
      ],
      0,
    ],
  });
  expect(errorOf(() => m.indexAdd(base, i32([0]), m.zeros([2, 2])))).toMatchObject({
    name: "ShapeError",
    op: "indexAdd",
  });
  expect(errorOf(() => m.indexSet(base, 3, 0)).name).toBe("AxisError");
});

test("maskedFill", async () => {
  const mask = m.tensor([true, false, true]);
  await check({
    values: [
      x.maskedFill(mask, -Infinity),
      [
        [-Infinity, 2, -Infinity],
        [-Infinity, 5, -Infinity],
      ],
      0,
    ],
    integers: [i32([1, 2, 3]).maskedFill(mask, 9), [9, 2, 9], 0],
    gradient: [m.grad((t: m.Tensor) => m.maskedFill(t, mask, 0).sum())(m.ones([3])), [0, 1, 0], 0],
  });
});
