import { expect, test } from "vitest";
import * as nodes from "../../engine/functions/pooling.ts";
import { eachPosition } from "../../engine/ops/host-loops.ts";
import * as m from "../../mod.ts";
import * as vision from "../../vision.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, type ExpectedGrid, Grid, sum } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

interface Case {
  readonly x: number[];
  readonly kernelSize: number[];
  readonly stride: number[];
  readonly padding: number[];
  readonly dilation: number[];
  readonly ceilMode: boolean;
}

/** The elements of x that each window holds, and how many positions of it lie inside the padding's edge. */
function pooled(c: Case, x: Grid, f: (values: number[], covered: number) => number): Grid {
  const [batch = 0, channels = 0, ...space] = x.shape;
  const sizes = space.map((n, i) => {
    const steps = (n + 2 * c.padding[i]! - c.dilation[i]! * (c.kernelSize[i]! - 1) - 1) / c.stride[i]!;
    const count = (c.ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
    return c.ceilMode && (count - 1) * c.stride[i]! >= n + c.padding[i]! ? count - 1 : count;
  });
  return Grid.from([batch, channels, ...sizes], (b, k, ...at) => {
    const values: number[] = [];
    let covered = 0;
    eachPosition(c.kernelSize, (tap) => {
      const from = at.map((o, i) => o * c.stride[i]! + tap[i]! * c.dilation[i]! - c.padding[i]!);
      if (from.every((n, i) => n < space[i]! + c.padding[i]!)) covered++;
      if (from.every((n, i) => n >= 0 && n < space[i]!)) values.push(x.get(b, k, ...from));
    });
    return f(values, covered);
  });
}

const cases: Case[] = [
  { x: [2, 2, 9], kernelSize: [3], stride: [2], padding: [1], dilation: [1], ceilMode: false },
  { x: [1, 2, 7, 8], kernelSize: [3, 2], stride: [2, 2], padding: [1, 0], dilation: [1, 1], ceilMode: true },
  { x: [1, 1, 8, 5], kernelSize: [2, 3], stride: [3, 1], padding: [1, 1], dilation: [1, 1], ceilMode: true },
  {
    x: [1, 1, 4, 5, 6],
    kernelSize: [2, 2, 3],
    stride: [2, 1, 3],
    padding: [0, 1, 1],
    dilation: [1, 1, 1],
    ceilMode: false,
  },
];
const dilated: Case = {
  x: [1, 2, 7, 6],
  kernelSize: [2, 3],
  stride: [1, 2],
  padding: [1, 1],
  dilation: [3, 2],
  ceilMode: true,
};

const maxPools = [vision.maxPool1d, vision.maxPool2d, vision.maxPool3d];
const avgPools = [vision.avgPool1d, vision.avgPool2d, vision.avgPool3d];

test("maxima and means of windows equal the loops over them", async () => {
  const expected: [string, ExpectedGrid][] = [];
  [...cases, dilated].forEach((c, i) => {
    const x = Grid.random(c.x, i + 1);
    const max = maxPools[c.x.length - 3]!(x.tensor, c);
    expected.push([`max ${i}`, [max, pooled(c, x, (values) => Math.max(...values)), 0]]);
    if (c === dilated) return;
    const pool = avgPools[c.x.length - 3]!;
    expected.push(
      [`mean with padding ${i}`, [pool(x.tensor, c), pooled(c, x, (v, covered) => sum(v) / covered)]],
      [
        `mean without ${i}`,
        [pool(x.tensor, { ...c, countIncludePad: false }), pooled(c, x, (v) => sum(v) / v.length)],
      ],
    );
  });
  await checkGrids(Object.fromEntries(expected));
});

test("adaptive bins, also more of them than elements", async () => {
  const x = Grid.random([2, 2, 5, 6], 3);
  const bin = (i: number, n: number, out: number) => [
    Math.floor((i * n) / out),
    Math.ceil(((i + 1) * n) / out),
  ];
  const binned = (size: [number, number], f: (values: number[]) => number) =>
    Grid.from([2, 2, ...size], (b, k, i, j) => {
      const [top, bottom] = bin(i, 5, size[0]) as [number, number];
      const [left, right] = bin(j, 6, size[1]) as [number, number];
      const values: number[] = [];
      for (let r = top; r < bottom; r++) for (let c = left; c < right; c++) values.push(x.get(b, k, r, c));
      return f(values);
    });
  const mean = (values: number[]) => sum(values) / values.length;
  const expected: [string, ExpectedGrid][] = [];
  for (const size of [
    [1, 1],
    [5, 3],
    [3, 4],
    [5, 6],
    [7, 2],
    [1, 13],
  ] as [number, number][]) {
    expected.push(
      [`mean ${size}`, [vision.adaptiveAvgPool2d(x.tensor, size), binned(size, mean)]],
      [`max ${size}`, [vision.adaptiveMaxPool2d(x.tensor, size), binned(size, (v) => Math.max(...v)), 0]],
    );
  }
  expected.push(["global", [vision.globalAvgPool(x.tensor), new Grid([2, 2], binned([1, 1], mean).data)]]);
  await checkGrids(Object.fromEntries(expected));
});

test("NaN wins a maximum, infinity stays in its window, and windows of -Infinity are -Infinity", async () => {
  const { NaN: nan } = Number;
  const x = m.tensor([[[1, nan, 2, 0, 5, Infinity, -1, -2]]]);
  const low = m.full([1, 1, 4], -Infinity);
  await check({
    max: [vision.maxPool1d(x, { kernelSize: 2 }), [[[nan, 2, Infinity, -1]]], 0],
    mean: [vision.avgPool1d(x, { kernelSize: 2 }), [[[nan, 1, Infinity, -1.5]]], 0],
    adaptive: [vision.adaptiveAvgPool1d(x, 3), [[[nan, Infinity, Infinity]]], 0],
    "adaptive max": [vision.adaptiveMaxPool1d(x, 3), [[[nan, Infinity, Infinity]]], 0],
    lowest: [
      vision.maxPool1d(low, { kernelSize: 3, stride: 1, padding: 1 }),
      [[[-Infinity, -Infinity, -Infinity, -Infinity]]],
      0,
    ],
    integers: [
      vision.maxPool1d(m.tensor([[-5, -3, -4]], { dtype: "i32" }), { kernelSize: 2, padding: 1 }),
      [[-5, -3]],
      0,
    ],
  });
});

test("the first of equal maxima gets the gradient", async () => {
  const gradient = (f: (x: m.Tensor) => m.Tensor, x: m.Tensor) => m.grad((y: m.Tensor) => f(y).sum())(x);
  const x = m.tensor([
    [
      [
        [1, 3, 3],
        [3, 2, 3],
        [0, 0, 0],
      ],
    ],
  ]);
  await check({
    windows: [
      gradient((y) => vision.maxPool2d(y, { kernelSize: 2, stride: 1 }), x),
      [
        [
          [
            [0, 2, 0],
            [1, 0, 1],
            [0, 0, 0],
          ],
        ],
      ],
      0,
    ],
    adaptive: [
      gradient((y) => vision.adaptiveMaxPool2d(y, 1), x),
      [
        [
          [
            [0, 1, 0],
            [0, 0, 0],
            [0, 0, 0],
          ],
        ],
      ],
      0,
    ],
    "uneven bins": [
      gradient((y) => vision.adaptiveMaxPool2d(y, 2), x),
      [
        [
          [
            [0, 2, 0],
            [1, 0, 1],
            [0, 0, 0],
          ],
        ],
      ],
      0,
    ],
  });
});

test("gradients, and those of gradients", () => {
  for (const c of [...cases, dilated]) {
    const rank = c.x.length - 3;
    checkGradients((x) => [nodes.maxPool1d, nodes.maxPool2d, nodes.maxPool3d][rank]!(x, c), [operand(c.x)]);
    if (c === dilated) continue;
    for (const countIncludePad of [true, false])
      checkGradients(
        (x) => [nodes.avgPool1d, nodes.avgPool2d, nodes.avgPool3d][rank]!(x, { ...c, countIncludePad }),
        [operand(c.x)],
      );
  }
  for (const size of [
    [2, 3],
    [4, 5],
    [3, 9],
  ]) {
    checkGradients((x) => nodes.adaptiveAvgPool2d(x, size), [operand([1, 2, 4, 6])], { second: true });
    checkGradients((x) => nodes.adaptiveMaxPool2d(x, size), [operand([1, 2, 4, 6])]);
  }
});

test("refuses windows that do not fit", () => {
  const x = m.zeros([1, 1, 4, 4]);
  expect(errorOf(() => vision.maxPool2d(x, { kernelSize: 5 }))).toEqual({
    name: "ShapeError",
    op: "maxPool2d",
    problem: "the window is larger than the padded input",
  });
  expect(errorOf(() => vision.maxPool2d(x, { kernelSize: 2, padding: 2 })).problem).toBe(
    "padding is more than half of the window",
  );
  expect(errorOf(() => vision.maxPool1d(x, { kernelSize: 2 })).problem).toBe(
    "x does not have 1 spatial axes",
  );
  expect(errorOf(() => vision.adaptiveAvgPool2d(x, 0)).name).toBe("AxisError");
  expect(errorOf(() => vision.adaptiveAvgPool2d(m.zeros([1, 1, 0, 4]), 2)).problem).toBe("nothing to pool");
  expect(errorOf(() => vision.globalAvgPool(m.zeros([2, 3]))).problem).toBe("no spatial axes");
});
