import { describe, expect, test } from "vitest";
import { type GridSampleOptions, gridSample as onNodes } from "../../engine/functions/sampling.ts";
import * as m from "../../mod.ts";
import * as vision from "../../vision.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGradients, numbers, operand } from "./host-gradients.ts";

useNodeDevice();

/** Where an element lies that is read at `at`, by the rules of torch.nn.functional.grid_sample. */
function inside(at: number, n: number, { paddingMode, alignCorners }: GridSampleOptions): number {
  const clip = (x: number) => Math.min(n - 1, Math.max(0, x));
  if (paddingMode === "border") return clip(at);
  if (paddingMode !== "reflection") return at;
  const [low, high] = alignCorners ? [0, n - 1] : [-0.5, n - 0.5];
  if (low === high) return 0;
  let x = at;
  while (x < low || x > high) x = x < low ? 2 * low - x : 2 * high - x;
  return clip(x);
}

const cubic = (t: number): number => {
  const d = Math.abs(t);
  return d < 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4);
};

const roundHalfEven = (x: number): number =>
  x - Math.floor(x) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);

/** The positions along one axis that count for a coordinate, with their weights. */
function taps(coordinate: number, n: number, options: GridSampleOptions): [number, number][] {
  const free = options.alignCorners ? ((coordinate + 1) / 2) * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  if (options.mode === "bicubic")
    return [-1, 0, 1, 2].map((k) => {
      const at = Math.floor(free) + k;
      return [inside(at, n, options), cubic(free - at)];
    });
  const x = inside(free, n, options);
  if (options.mode === "nearest") return [[roundHalfEven(x), 1]];
  const below = Math.floor(x);
  return [
    [below, 1 - (x - below)],
    [below + 1, x - below],
  ];
}

/** One channel of one sample at one place, by plain loops. */
function sampled(
  image: (at: number[]) => number,
  space: readonly number[],
  place: readonly number[],
  options: GridSampleOptions,
): number {
  const each = space.map((n, i) => taps(place[space.length - 1 - i] as number, n, options));
  const visit = (axis: number, at: number[], weight: number): number => {
    if (axis === space.length) return weight * image(at);
    return (each[axis] as [number, number][]).reduce((sum, [x, w]) => {
      const known = x >= 0 && x < (space[axis] as number);
      return known ? sum + visit(axis + 1, [...at, x], weight * w) : sum;
    }, 0);
  };
  return visit(0, [], 1);
}

describe.each(["bilinear", "nearest", "bicubic"] as const)("%s", (mode) => {
  const settings = (["zeros", "border", "reflection"] as const).flatMap((paddingMode) =>
    [false, true].map((alignCorners) => ({ mode, paddingMode, alignCorners })),
  );

  test("values are those of plain loops, far outside too", async () => {
    const [batch, channels, space, places] = [2, 2, [3, 4], [3, 5]];
    const image = numbers(batch * channels * 12, 3).map(Math.fround);
    const grid = numbers(batch * 15 * 2, 4).map((x) => Math.fround(x * 1.3));
    const cases = settings.map((options) => {
      const want = Array.from({ length: batch }, (_, b) =>
        Array.from({ length: channels }, (_, c) =>
          Array.from({ length: 3 }, (_, i) =>
            Array.from({ length: 5 }, (_, j) => {
              const from = 2 * (15 * b + 5 * i + j);
              const pixel = ([y = 0, x = 0]: number[]) =>
                image[12 * (channels * b + c) + 4 * y + x] as number;
              return sampled(pixel, space, grid.slice(from, from + 2), options);
            }),
          ),
        ),
      );
      const x = m.tensor(Float32Array.from(image), { shape: [batch, channels, ...space] });
      const places_ = m.tensor(Float32Array.from(grid), { shape: [batch, ...places, 2] });
      // Large cubic weights cancel.
      const shifted = vision.gridSample(x, places_, options).add(100);
      return [JSON.stringify(options), [shifted, want.map(plus100), 3e-7]] as const;
    });
    await check(Object.fromEntries(cases));
  });

  test("gradients reach the image and the places", () => {
    for (const options of settings)
      checkGradients(
        (x, grid) => onNodes(x, grid, options),
        [operand([1, 2, 3, 4], 1), operand([1, 2, 3, 2], 2, 0.7)],
        { tolerance: 1e-5 },
      );
  });
});

type Nested = number | Nested[];
const plus100 = (x: Nested): Nested => (Array.isArray(x) ? x.map(plus100) : x + 100);

test("over three axes, trilinear", async () => {
  const image = numbers(24, 5).map(Math.fround);
  const grid = numbers(12, 6).map(Math.fround);
  const pixel = ([z = 0, y = 0, x = 0]: number[]) => image[12 * z + 4 * y + x] as number;
  const want = Array.from({ length: 4 }, (_, i) =>
    sampled(pixel, [2, 3, 4], grid.slice(3 * i, 3 * i + 3), {}),
  );
  const x = m.tensor(Float32Array.from(image), { shape: [1, 1, 2, 3, 4] });
  const places = m.tensor(Float32Array.from(grid), { shape: [1, 1, 2, 2, 3] });
  await check({ trilinear: [vision.gridSample(x, places).add(10).flatten(), want.map((v) => v + 10), 1e-6] });
});

test("an even grid reads the image as it is, and a flipped one its mirror image", async () => {
  const x = m.arange(12).cast("f32").reshape([1, 1, 3, 4]);
  const same = m.tensor([
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
  ]);
  const mirrored = m.tensor([
    [
      [-1, 0, 0],
      [0, 1, 0],
    ],
  ]);
  const cases = [false, true].flatMap((alignCorners) => {
    const grid = (theta: m.Tensor) => vision.affineGrid(theta, [1, 1, 3, 4], { alignCorners });
    const read = (theta: m.Tensor) =>
      vision.gridSample(x, grid(theta), { alignCorners }).add(1).reshape([3, 4]);
    return [
      [`same, ${alignCorners}`, [read(same), rows([1, 2, 3, 4]), 1e-6]],
      [`mirrored, ${alignCorners}`, [read(mirrored), rows([4, 3, 2, 1]), 1e-6]],
    ] as const;
  });
  await check(Object.fromEntries(cases));
});

const rows = (first: number[]): number[][] => [0, 4, 8].map((by) => first.map((v) => v + by));

test("local response normalisation, pixel shuffle and its way back", async () => {
  const x = numbers(2 * 5 * 3, 8).map(Math.fround);
  const normalised = x.map((v, i) => {
    const channel = Math.floor(i / 3) % 5;
    let sum = 0;
    // torch pads size / 2 in front and (size - 1) / 2 behind.
    for (let c = channel - 2; c <= channel + 1; c++)
      if (c >= 0 && c < 5) sum += (x[i + 3 * (c - channel)] as number) ** 2;
    return v / (2 + (0.5 / 4) * sum) ** 0.75;
  });
  const fine = m.arange(16).reshape([1, 4, 2, 2]);
  await check({
    normalised: [
      vision
        .localResponseNorm(m.tensor(Float32Array.from(x), { shape: [2, 5, 3] }), {
          size: 4,
          alpha: 0.5,
          k: 2,
        })
        .flatten(),
      normalised,
      2e-6,
    ],
    shuffled: [
      vision.pixelShuffle(fine, 2).reshape([4, 4]),
      [
        [0, 4, 1, 5],
        [8, 12, 9, 13],
        [2, 6, 3, 7],
        [10, 14, 11, 15],
      ],
      0,
    ],
    back: [
      vision.pixelUnshuffle(vision.pixelShuffle(fine, 2), 2).flatten(),
      Array.from({ length: 16 }, (_, i) => i),
      0,
    ],
  });
});

test("what does not fit is told", () => {
  const x = m.zeros([2, 3, 4, 5]);
  expect(errorOf(() => vision.gridSample(x, m.zeros([2, 4, 4, 3]))).name).toBe("ShapeError");
  expect(errorOf(() => vision.affineGrid(m.zeros([2, 2, 2]), [2, 3, 4, 5])).op).toBe("affineGrid");
  expect(errorOf(() => vision.localResponseNorm(x, { size: 0 })).name).toBe("AxisError");
  expect(errorOf(() => vision.pixelShuffle(x, 2)).problem).toBe("no factor 2");
});
