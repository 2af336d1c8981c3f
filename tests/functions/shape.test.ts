import { expect, test } from "vitest";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

const count = (...shape: number[]) => m.arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);
const x = count(2, 3); // [[0, 1, 2], [3, 4, 5]]

test("reshape, flatten, squeeze, expandDims", () => {
  const y = count(2, 1, 3, 4);
  expect(y.reshape([-1, 4]).shape).toEqual([6, 4]);
  expect(m.zeros([0, 3]).reshape([-1, 3]).shape).toEqual([0, 3]);
  expect(m.tensor(5).reshape([-1]).shape).toEqual([1]);
  expect(y.flatten().shape).toEqual([24]);
  expect(y.flatten(1, 2).shape).toEqual([2, 3, 4]);
  expect(y.flatten(-2).shape).toEqual([2, 1, 12]);
  expect(m.tensor(5).flatten().shape).toEqual([1]);
  expect(y.squeeze().shape).toEqual([2, 3, 4]);
  expect(y.squeeze(-3).shape).toEqual([2, 3, 4]);
  expect(x.expandDims(-1).shape).toEqual([2, 3, 1]);
  expect(x.unsqueeze([0, -1]).shape).toEqual([1, 2, 3, 1]);
  const errors = {
    "two -1": () => y.reshape([-1, -1]),
    "no divisor": () => y.reshape([5, -1]),
    "-1 beside 0": () => m.zeros([0]).reshape([0, -1]),
    size: () => y.reshape([5]),
    squeeze: () => y.squeeze(0),
  };
  for (const [name, body] of Object.entries(errors)) expect(errorOf(body).name, name).toBe("ShapeError");
  expect(errorOf(() => y.flatten(2, 1)).name).toBe("AxisError");
  expect(errorOf(() => y.expandDims(5))).toMatchObject({ name: "AxisError", op: "expandDims" });
});

test("axes change places", async () => {
  const y = count(2, 3, 4);
  expect(y.moveAxis(0, -1).shape).toEqual([3, 4, 2]);
  expect(y.moveAxis([0, 1], [-1, 0]).shape).toEqual([3, 4, 2]);
  expect(y.permute([-1, 0, 1]).shape).toEqual([4, 2, 3]);
  expect(y.swapAxes(0, 2).shape).toEqual([4, 3, 2]);
  await check({
    transpose: [
      x.transpose(),
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
      0,
    ],
    permute: [
      y.permute([2, 0, 1]).slice(1),
      [
        [1, 5, 9],
        [13, 17, 21],
      ],
      0,
    ],
  });
  expect(errorOf(() => y.permute([0, 1])).problem).toBe("not every axis is named");
  expect(errorOf(() => y.permute([0, 1, 1])).name).toBe("AxisError");
  expect(errorOf(() => y.moveAxis([0, 0], [1, 2])).name).toBe("AxisError");
  expect(errorOf(() => m.zeros([3]).transpose())).toMatchObject({ name: "AxisError", op: "transpose" });
});

test("broadcasting", async () => {
  const [a, b] = m.broadcastArrays([m.tensor([1, 2]), m.tensor([[3], [4]])]) as [m.Tensor, m.Tensor];
  await check({
    broadcastTo: [
      m.tensor([[1], [2]]).broadcastTo([2, 2, 2]),
      [
        [
          [1, 1],
          [2, 2],
        ],
        [
          [1, 1],
          [2, 2],
        ],
      ],
      0,
    ],
    "expand keeps -1": [
      m.tensor([[1], [2]]).expand([-1, 3]),
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
      0,
    ],
    first: [
      a,
      [
        [1, 2],
        [1, 2],
      ],
      0,
    ],
    second: [
      b,
      [
        [3, 3],
        [4, 4],
      ],
      0,
    ],
    gradient: [m.grad((t: m.Tensor) => t.broadcastTo([4, 2]).sum())(m.tensor([1, 2])), [4, 4], 0],
  });
  expect(errorOf(() => x.broadcastTo([2, 4]))).toMatchObject({ name: "ShapeError", op: "broadcastTo" });
  expect(errorOf(() => x.broadcastTo([3])).name).toBe("ShapeError");
  expect(errorOf(() => x.broadcastTo([1, 3])).name).toBe("ShapeError");
});

test("concat, stack, split, chunk, unstack", async () => {
  const [p, q] = m.split(x, [1, 2], { axis: 1 }) as [m.Tensor, m.Tensor];
  const [u, v] = m.unstack(x, { axis: -1 }) as [m.Tensor, m.Tensor];
  await check({
    concat: [
      m.concat([x, x.slice([1])]),
      [
        [0, 1, 2],
        [3, 4, 5],
        [3, 4, 5],
      ],
      0,
    ],
    "concat along the last": [
      m.concat([x, m.tensor([[0.5], [1.5]])], { axis: -1 }),
      [
        [0, 1, 2, 0.5],
        [3, 4, 5, 1.5],
      ],
      0,
    ],
    "concat with nothing": [
      m.concat([x, m.zeros([0, 3], { dtype: "i32" })]),
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
      0,
    ],
    stack: [
      m.stack([u, v], { axis: -1 }),
      [
        [0, 1],
        [3, 4],
      ],
      0,
    ],
    "split, first": [p, [[0], [3]], 0],
    "split, second": [
      q,
      [
        [1, 2],
        [4, 5],
      ],
      0,
    ],
    "split evenly": [x.split(3, { axis: 1 })[2] as m.Tensor, [[2], [5]], 0],
    chunk: [m.arange(5).chunk(2)[1] as m.Tensor, [3, 4], 0],
  });
  expect(m.concat([x, m.zeros([1, 3])]).dtype).toBe("f32");
  expect(
    m
      .arange(5)
      .chunk(4)
      .map((c) => c.size),
  ).toEqual([2, 2, 1]);
  expect(m.unstack(m.zeros([0, 2]))).toEqual([]);
  expect(errorOf(() => m.concat([])).name).toBe("ShapeError");
  expect(errorOf(() => m.concat([x, m.zeros([2])])).name).toBe("ShapeError");
  expect(errorOf(() => m.concat([x, m.zeros([2, 2], { dtype: "i32" })])).name).toBe("ShapeError");
  expect(errorOf(() => m.stack([x, x.transpose()]))).toMatchObject({ name: "ShapeError", op: "stack" });
  expect(errorOf(() => x.split(2, { axis: 1 })).name).toBe("ShapeError");
  expect(errorOf(() => x.split([1, 1], { axis: 1 })).name).toBe("ShapeError");
});

test("diff", async () => {
  const squares = m.tensor([
    [1, 4, 9, 16],
    [0, 1, 8, 27],
  ]);
  await check({
    "along the last axis": [
      m.diff(squares),
      [
        [3, 5, 7],
        [1, 7, 19],
      ],
      0,
    ],
    twice: [
      squares.diff({ n: 2 }),
      [
        [2, 2],
        [6, 12],
      ],
      0,
    ],
    "along another axis": [squares.diff({ axis: 0 }), [[-1, -3, -1, 11]], 0],
    "of booleans": [m.diff(m.tensor([true, false, true])), [-1, 1], 0],
    "of one element, and of none": [m.concat([m.diff(m.tensor([5])), m.diff(m.zeros([0]))]), []],
  });
  expect(errorOf(() => squares.diff({ n: -1 })).op).toBe("diff");
});

test("flip, roll, tile, repeat", async () => {
  await check({
    flip: [
      x.flip(),
      [
        [5, 4, 3],
        [2, 1, 0],
      ],
      0,
    ],
    "flip an axis": [
      x.flip(-1),
      [
        [2, 1, 0],
        [5, 4, 3],
      ],
      0,
    ],
    roll: [
      x.roll(1, { axis: 1 }),
      [
        [2, 0, 1],
        [5, 3, 4],
      ],
      0,
    ],
    "roll back, far": [
      x.roll(-4, { axis: 1 }),
      [
        [1, 2, 0],
        [4, 5, 3],
      ],
      0,
    ],
    "roll flat": [
      x.roll(2),
      [
        [4, 5, 0],
        [1, 2, 3],
      ],
      0,
    ],
    "roll axes": [
      x.roll([1, 1], { axis: [0, 1] }),
      [
        [5, 3, 4],
        [2, 0, 1],
      ],
      0,
    ],
    tile: [m.tensor([1, 2]).tile(2), [1, 2, 1, 2], 0],
    "tile with axes in front": [
      m.tensor([1, 2]).tile([2, 1]),
      [
        [1, 2],
        [1, 2],
      ],
      0,
    ],
    "tile the last": [
      x.tile([2]),
      [
        [0, 1, 2, 0, 1, 2],
        [3, 4, 5, 3, 4, 5],
      ],
      0,
    ],
    "repeat flat": [m.repeat(m.tensor([[1, 2]]), 2), [1, 1, 2, 2], 0],
    "repeat an axis": [
      m.repeat(x, 2, { axis: 0 }),
      [
        [0, 1, 2],
        [0, 1, 2],
        [3, 4, 5],
        [3, 4, 5],
      ],
      0,
    ],
    "repeat never": [m.repeat(x, 0, { axis: 1 }), [[], []]],
    "roll nothing": [m.zeros([0]).roll(3), []],
  });
  expect(errorOf(() => x.roll([1], { axis: [0, 1] })).name).toBe("AxisError");
  expect(errorOf(() => m.tile(x, [-1])).name).toBe("AxisError");
});

test("diagonals", async () => {
  const y = count(3, 4);
  const cube = count(2, 3, 2);
  const weights = m.tensor([1, 2, 3]);
  await check({
    diagonal: [y.diagonal(), [0, 5, 10], 0],
    above: [y.diagonal({ offset: 2 }), [2, 7], 0],
    below: [y.diagonal({ offset: -1 }), [4, 9], 0],
    "far away": [y.diagonal({ offset: 9 }), []],
    "far below": [y.diagonal({ offset: -9 }), []],
    "of other axes": [
      cube.diagonal({ axis1: 0, axis2: 2 }),
      [
        [0, 7],
        [2, 9],
        [4, 11],
      ],
      0,
    ],
    "columns as rows": [y.diagonal({ offset: 1, axis1: 1, axis2: 0 }), [4, 9], 0],
    trace: [m.trace(y), 15, 0],
    "trace of many": [cube.trace({ axis1: 0, axis2: 2 }), [7, 11, 15], 0],
    gradient: [
      m.grad((t: m.Tensor) => t.diagonal({ offset: 1 }).mul(weights).sum())(m.zeros([3, 4])),
      [
        [0, 1, 0, 0],
        [0, 0, 2, 0],
        [0, 0, 0, 3],
      ],
      0,
    ],
  });
  expect(errorOf(() => y.diagonal({ axis1: 1, axis2: -1 })).name).toBe("AxisError");
});
