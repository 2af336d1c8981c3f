import { expect, test } from "vitest";
import { filterPictures } from "../../models/scattering/filter-pictures.ts";

const grey = (data: Uint8ClampedArray, at: number): number => data[4 * at] as number;

test("show each wavelet and the low-pass filter in space and in frequency", () => {
  const { filters, coverage } = filterPictures({ J: 2, L: 4, size: [32, 24] });
  expect(filters.map(({ scale, angle }) => [scale, angle])).toEqual([
    ...[0, 1].flatMap((scale) => [0, 1, 2, 3].map((angle) => [scale, angle])),
    [null, null],
  ]);
  for (const picture of [coverage, ...filters.flatMap(({ space, frequency }) => [space, frequency])]) {
    expect([picture.width, picture.height, picture.data.length]).toEqual([24, 32, 4 * 24 * 32]);
    expect(picture.data.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  }
  const middle = 16 * 24 + 12;
  const low = filters.at(-1)!;
  expect(grey(low.frequency.data, middle)).toBe(255);
  expect(Array.from(low.space.data.slice(4 * middle, 4 * middle + 3))).toEqual([255, 0, 0]);
  // Angle 1 of 4 points down the rows: its frequencies lie below the middle, and none is in it.
  const down = filters[5]!.frequency.data;
  expect(grey(down, middle)).toBe(0);
  expect(grey(down, middle + 24 * 6)).toBeGreaterThan(200);
  expect(grey(down, middle - 24 * 6)).toBeLessThan(10);
});

test("refuse sizes that cannot be halved", () => {
  expect(() => filterPictures({ J: 3, size: [20, 32] })).toThrow("multiples of 2^J = 8");
  expect(() => filterPictures({ J: 0 })).toThrow("0 scales and 8 angles; need whole numbers from 1 on");
});
