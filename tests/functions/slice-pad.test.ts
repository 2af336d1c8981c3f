import { expect, test } from "vitest";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

const line = m.arange(6);

test("ranges follow the rules of Python", async () => {
  await check({
    "from to": [line.slice([1, 4]), [1, 2, 3], 0],
    from: [line.slice([4]), [4, 5], 0],
    to: [line.slice([null, 2]), [0, 1], 0],
    all: [line.slice([]), [0, 1, 2, 3, 4, 5], 0],
    "from the end": [line.slice([-2, -1]), [4], 0],
    step: [line.slice([null, null, 4]), [0, 4], 0],
    backwards: [line.slice([null, null, -1]), [5, 4, 3, 2, 1, 0], 0],
    "backwards by two": [line.slice([4, 0, -2]), [4, 2], 0],
    "backwards past the start": [line.slice([2, -99, -1]), [2, 1, 0], 0],
    "cut off": [line.slice([-99, 99]), [0, 1, 2, 3, 4, 5], 0],
    "past the end": [line.slice([9]), []],
    "wrong way": [line.slice([4, 1]), []],
    "backwards from beyond": [line.slice([99, 3, -1]), [5, 4], 0],
    "of nothing": [m.zeros([0]).slice([null, null, -1]), []],
  });
});

test("positions drop axes", async () => {
  const x = m.arange(24).reshape([2, 3, 4]);
  expect(x.slice(0, null, -1).shape).toEqual([3]);
  await check({
    "one of each": [x.slice(-1, 0, 2), 14, 0],
    mixed: [
      x.slice(1, [null, null, 2], [-2]),
      [
        [14, 15],
        [22, 23],
      ],
      0,
    ],
    "rest is whole": [
      x.slice(null, 1),
      [
        [4, 5, 6, 7],
        [16, 17, 18, 19],
      ],
      0,
    ],
    gradient: [
      m.grad((t: m.Tensor) =>
        t
          .slice([null, null, -2])
          .mul(m.tensor([1, 2, 3]))
          .sum(),
      )(m.zeros([5])),
      [3, 0, 2, 0, 1],
      0,
    ],
  });
  expect(errorOf(() => x.slice(2))).toEqual({
    name: "AxisError",
    op: "slice",
    problem: "2 is outside axis 0",
  });
  expect(errorOf(() => x.slice(0, 0, 0, 0)).name).toBe("AxisError");
  expect(errorOf(() => x.slice([0, 2, 0])).name).toBe("AxisError");
  expect(errorOf(() => x.slice([0.5])).name).toBe("AxisError");
});

test("padding with a value", async () => {
  const x = m.tensor([
    [1, 2],
    [3, 4],
  ]);
  await check({
    zeros: [
      m.pad(x, [
        [1, 0],
        [0, 1],
      ]),
      [
        [0, 0, 0],
        [1, 2, 0],
        [3, 4, 0],
      ],
      0,
    ],
    value: [
      m.pad(x, { [-1]: [1, 1] }, { value: -1 }),
      [
        [-1, 1, 2, -1],
        [-1, 3, 4, -1],
      ],
      0,
    ],
    infinity: [
      m.pad(x, { 0: [0, 1] }, { value: -Infinity }),
      [
        [1, 2],
        [3, 4],
        [-Infinity, -Infinity],
      ],
      0,
    ],
    "cutting off": [
      m.pad(x, [
        [-1, 0],
        [0, -1],
      ]),
      [[3]],
      0,
    ],
    integers: [line.slice([1, 3]).pad([[1, 1]], { value: 9 }), [9, 1, 2, 9], 0],
    booleans: [m.pad(m.tensor([true]), [[1, 1]]), [false, true, false]],
    "true outside": [m.pad(m.tensor([false]), [[1, 0]], { value: true }), [true, false]],
    "around nothing": [m.pad(m.zeros([0]), [[1, 2]], { value: 5 }), [5, 5, 5], 0],
    "gradient of the inside": [
      m.grad((t: m.Tensor) =>
        m
          .pad(t, [[2, 1]], { value: 3 })
          .square()
          .sum(),
      )(m.tensor([1, 2])),
      [2, 4],
    ],
  });
  expect(errorOf(() => m.pad(x, [[1, 1]])).problem).toBe("widths of 1 axes");
  expect(errorOf(() => m.pad(x, { 2: [1, 1] })).name).toBe("AxisError");
  expect(errorOf(() => m.pad(x, { 0: [-2, -1] })).name).toBe("ShapeError");
});

test("padding with the axis itself", async () => {
  const x = m.arange(4);
  const slope = (mode: "reflect" | "replicate" | "circular") =>
    m.grad((t: m.Tensor) =>
      m
        .pad(t, [[2, 1]], { mode })
        .mul(m.tensor([1, 2, 3, 4, 5, 6, 7]))
        .sum(),
    )(m.zeros([4]));
  await check({
    reflect: [m.pad(x, [[2, 3]], { mode: "reflect" }), [2, 1, 0, 1, 2, 3, 2, 1, 0], 0],
    replicate: [m.pad(x, [[2, 1]], { mode: "replicate" }), [0, 0, 0, 1, 2, 3, 3], 0],
    circular: [m.pad(x, [[1, 4]], { mode: "circular" }), [3, 0, 1, 2, 3, 0, 1, 2, 3], 0],
    "corners of two axes": [
      m.pad(
        m.tensor([
          [1, 2],
          [3, 4],
        ]),
        [
          [1, 0],
          [1, 0],
        ],
        { mode: "reflect" },
      ),
      [
        [4, 3, 4],
        [2, 1, 2],
        [4, 3, 4],
      ],
      0,
    ],
    "gradient, reflect": [slope("reflect"), [3, 4 + 2, 5 + 1 + 7, 6], 0],
    "gradient, replicate": [slope("replicate"), [1 + 2 + 3, 4, 5, 6 + 7], 0],
    "gradient, circular": [slope("circular"), [3 + 7, 4, 5 + 1, 6 + 2], 0],
  });
  expect(errorOf(() => m.pad(x, [[4, 0]], { mode: "reflect" }))).toMatchObject({
    name: "ShapeError",
    op: "pad",
  });
  expect(errorOf(() => m.pad(x, [[5, 0]], { mode: "circular" })).name).toBe("ShapeError");
  expect(errorOf(() => m.pad(x, [[-1, 0]], { mode: "replicate" })).name).toBe("ShapeError");
});
