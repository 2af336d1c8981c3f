import { expect, test } from "vitest";
import { transposedBand } from "../../engine/functions/band.ts";
import { type InterpolateOptions, interpolate } from "../../engine/functions/resample.ts";
import * as m from "../../mod.ts";
import { interpolate as resized } from "../../vision.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, Grid } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

const corner = new Grid([1, 1, 2, 2], [1, 2, 3, 4]);
const squares = Grid.from([1, 1, 3, 4], (_, __, i, j) => (4 * i + j) ** 2);

/** What torch.nn.functional.interpolate gives (1.13, float64). */
const torch: [InterpolateOptions, Grid, number[][]][] = [
  [
    { size: [4, 3], mode: "bilinear" },
    corner,
    [
      [1, 1.5, 2],
      [1.5, 2, 2.5],
      [2.5, 3, 3.5],
      [3, 3.5, 4],
    ],
  ],
  [
    { size: [4, 3], mode: "bilinear", alignCorners: true },
    corner,
    [
      [1, 1.5, 2],
      [1.666667, 2.166667, 2.666667],
      [2.333333, 2.833333, 3.333333],
      [3, 3.5, 4],
    ],
  ],
  [
    { size: [2, 6], mode: "bicubic" },
    squares,
    [
      [1.717773, 2.77832, 5.225405, 7.826678, 12.69043, 16.098199],
      [52.344727, 59.78418, 72.668113, 82.69647, 97.99707, 107.783746],
    ],
  ],
  [
    { size: [5, 2], mode: "bicubic", alignCorners: true },
    squares,
    [
      [0, 9],
      [3.5, 22.25],
      [16, 49],
      [41.5, 88.75],
      [64, 121],
    ],
  ],
  [
    { size: 2, mode: "bilinear", antialias: true },
    squares,
    [
      [9.142857, 18.571429],
      [56.285714, 81.428571],
    ],
  ],
  [
    { size: [2, 3], mode: "bicubic", antialias: true },
    squares,
    [
      [4.21878, 9.749244, 18.572758],
      [50.489611, 70.487606, 93.778653],
    ],
  ],
  [
    { scaleFactor: [0.7, 1.5], mode: "bilinear" },
    squares,
    [
      [3.428571, 4.785714, 6.928571, 10.071429, 14.214286, 17.571429],
      [46.857143, 53.928571, 63.690476, 74.452381, 86.214286, 95.285714],
    ],
  ],
  [
    { size: [4, 3], mode: "nearest" },
    squares,
    [
      [0, 1, 4],
      [0, 1, 4],
      [16, 25, 36],
      [64, 81, 100],
    ],
  ],
  [
    { size: [4, 3], mode: "nearestExact" },
    squares,
    [
      [0, 4, 9],
      [16, 36, 49],
      [16, 36, 49],
      [64, 100, 121],
    ],
  ],
  [
    { size: [2, 3], mode: "area" },
    squares,
    [
      [10.5, 16.5, 24.5],
      [46.5, 60.5, 76.5],
    ],
  ],
];

test("equals PyTorch in every mode", async () => {
  await checkGrids(
    Object.fromEntries(
      torch.map(([options, x, want], i) => [
        `${i}: ${JSON.stringify(options)}`,
        [resized(x.tensor, options), new Grid([1, 1, want.length, want[0]!.length], want.flat()), 1e-6],
      ]),
    ),
  );
});

test("lines and volumes, integers, infinities, and what stays as it is", async () => {
  const line = Grid.random([2, 1, 5], 1);
  const volume = Grid.random([1, 2, 2, 3, 4], 2);
  // Half-pixel centres by hand: output j shows 5 / 8 (j + 1/2) - 1/2.
  const at = (b: number, j: number): number => {
    const s = Math.max(0, ((j + 0.5) * 5) / 8 - 0.5);
    const i = Math.min(4, Math.floor(s));
    return line.get(b, 0, i) * (1 - s + i) + line.get(b, 0, Math.min(4, i + 1)) * (s - i);
  };
  await checkGrids({
    linear: [resized(line.tensor, { size: 8, mode: "linear" }), Grid.from([2, 1, 8], (b, _, j) => at(b, j))],
    "trilinear to one point": [
      resized(volume.tensor, { size: [1, 3, 2], mode: "trilinear" }),
      Grid.from([1, 2, 1, 3, 2], (_, c, __, i, j) =>
        [0, 1]
          .flatMap((d) => [0, 1].map((k) => volume.get(0, c, d, i, 2 * j + k) / 4))
          .reduce((p, q) => p + q),
      ),
    ],
    "nearest in three axes": [
      resized(volume.tensor, { scaleFactor: 2 }),
      Grid.from([1, 2, 4, 6, 8], (_, c, ...p) => volume.get(0, c, ...p.map((i) => i >> 1))),
    ],
  });
  const x = m.tensor([[[1, Infinity, 3, 4]]]);
  await check({
    infinity: [resized(x, { size: 8, mode: "linear" }).slice(0, 0, [5]), [3.25, 3.75, 4]],
    integers: [resized(m.tensor([[[1, 2]]], { dtype: "i32" }), { size: 4 }), [[[1, 1, 2, 2]]], 0],
  });
  for (const mode of ["bilinear", "bicubic", "nearest"] as const)
    expect(interpolateKeeps(mode), mode).toBe(true);
});

/** Whether resampling to the same size adds no work. */
function interpolateKeeps(mode: "bilinear" | "bicubic" | "nearest"): boolean {
  const x = m.zeros([1, 1, 3, 4]);
  return interpolate(x.node, { size: [3, 4], mode }) === x.node;
}

test("gradients, and those of gradients", () => {
  for (const [options, { shape }] of torch) checkGradients((x) => interpolate(x, options), [operand(shape)]);
  checkGradients((x) => interpolate(x, { size: 7, mode: "linear" }), [operand([2, 1, 3])], { second: true });
});

test("the transpose of a band is the transpose of its matrix", () => {
  const band = { name: "b", inputs: 5, starts: [1, 0, 3], weights: [[2, 0, 3], [5], [7, 11]] };
  const dense = (b: typeof band) =>
    b.weights.map((row, i) => Array.from({ length: b.inputs }, (_, j) => row[j - b.starts[i]!] ?? 0));
  const matrix = dense(band);
  const turned = dense(transposedBand(band) as typeof band);
  expect(turned).toEqual(matrix[0]!.map((_, j) => matrix.map((row) => row[j])));
});

test("refuses what makes no sense", () => {
  const x = m.zeros([1, 1, 4, 4]);
  expect(errorOf(() => resized(x, {}))).toEqual({
    name: "AxisError",
    op: "interpolate",
    problem: "the size of the result is unclear",
  });
  expect(errorOf(() => resized(x, { size: 2, mode: "linear" })).problem).toBe(
    '"linear" is for 1 spatial axes',
  );
  expect(errorOf(() => resized(x, { size: 2, mode: "nearest", antialias: true })).name).toBe("AxisError");
  expect(errorOf(() => resized(x, { size: 2, mode: "area", alignCorners: true })).name).toBe("AxisError");
  expect(errorOf(() => resized(x, { scaleFactor: 0.1 })).problem).toBe("an empty axis");
  expect(errorOf(() => resized(x, { scaleFactor: [1, 2, 3] })).problem).toBe("scaleFactor does not fit");
  expect(errorOf(() => resized(m.zeros([3, 4]), { size: 2 })).problem).toBe("no spatial axes");
});
