import { beforeAll, describe, expect, test } from "vitest";
import { drawViews, type ViewDraws } from "../../data/augment/draws.ts";
import { randomView, viewOf } from "../../data/augment/random-view.ts";
import { defaultRecipe } from "../../data/augment/recipe.ts";
import { compile, configureDevice, key, ShapeError, type Tensor, tensor } from "../../mod.ts";
import { distance } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";
import { type HostDraw, viewOnHost } from "./view-on-host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const pictures = (count: number, channels: number, height: number, width: number) =>
  Float32Array.from(
    { length: count * channels * height * width },
    (_, i) => 0.5 + 0.5 * Math.sin(i * 0.37 + Math.floor(i / (height * width)) * 1.3),
  );

/** What was drawn, image by image. */
async function onHost(draws: ViewDraws): Promise<HostDraw[]> {
  const columns = await Promise.all(
    Object.entries(draws).map(async ([name, x]) => [name, await (x as Tensor).data()] as const),
  );
  return Array.from(columns[0]![1], (_, i) =>
    Object.fromEntries(
      columns.map(([name, values]) => {
        const flag = ["flip", "jitter", "grey"].includes(name);
        return [name, flag ? values[i] !== 0 : values[i]];
      }),
    ),
  ) as unknown as HostDraw[];
}

describe("views agree with the same in float64", () => {
  test.each([
    [3, 12, 10, [8, 9]],
    [1, 7, 7, [7, 7]],
  ] as const)("%i colours of %i x %i", async (channels, height, width, size) => {
    const count = 24;
    const images = pictures(count, channels, height, width);
    const make = compile((x: Tensor, k: Tensor) => {
      const draws = drawViews(k, count, [height, width], defaultRecipe);
      return { draws, views: viewOf(x, draws, size) };
    });
    const { draws, views } = make(tensor(images, { shape: [count, channels, height, width] }), key(5));
    const hostDraws = await onHost(draws);
    const result = await views.data();
    const pixels = channels * height * width;
    const wanted = hostDraws.flatMap((draw, i) =>
      Array.from(
        viewOnHost(images.subarray(i * pixels, (i + 1) * pixels), [channels, height, width], draw, size),
      ),
    );
    expect(distance(result, wanted)).toBeLessThan(2e-5);
    expect(hostDraws.some(({ flip }) => flip) && hostDraws.some(({ flip }) => !flip)).toBe(true);
    expect(hostDraws.some(({ jitter }) => jitter)).toBe(true);
  });
});

test("draws stay within the recipe and follow it", async () => {
  const count = 2000;
  const [rows, columns] = [32, 24];
  const draw = compile((k: Tensor) => drawViews(k, count, [rows, columns], defaultRecipe));
  const draws = await onHost(draw(key(1)));
  for (const { top, left, height, width } of draws) {
    expect(top >= 0 && left >= 0 && top + height <= rows && left + width <= columns).toBe(true);
    expect([top, left, height, width].every(Number.isInteger)).toBe(true);
    // Rounding to whole pixels may leave the ranges by a little.
    expect((height * width) / (rows * columns)).toBeGreaterThan(0.17);
    if (height < rows || width < columns) {
      expect(width / height).toBeGreaterThan(0.66);
      expect(width / height).toBeLessThan(1.5);
    }
  }
  const share = (of: (draw: HostDraw) => boolean) => draws.filter(of).length / count;
  expect(share(({ flip }) => flip)).toBeCloseTo(0.5, 1);
  expect(share(({ jitter }) => jitter)).toBeCloseTo(0.8, 1);
  expect(share(({ grey }) => grey)).toBeCloseTo(0.2, 1);
  expect(share(({ brightness }) => brightness > 1)).toBeCloseTo(0.5, 1);
  expect(Math.max(...draws.map(({ hue }) => Math.abs(hue)))).toBeLessThanOrEqual(0.1);
  expect(Math.min(...draws.map(({ saturation }) => saturation))).toBeGreaterThanOrEqual(0.6);
});

test("equal keys give equal views, other keys others", async () => {
  const view = compile((x: Tensor, k: Tensor) => randomView(x, k));
  const images = tensor(pictures(4, 3, 8, 8), { shape: [4, 3, 8, 8] });
  const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => view(images, key(seed)).data()));
  expect(a).toEqual(b);
  expect(distance(a!, c!)).toBeGreaterThan(0.1);
});

test("refuses what is no batch of images", () => {
  expect(() => randomView(tensor([1, 2]), key(0))).toThrow(ShapeError);
  expect(() => randomView(tensor(new Float32Array(8), { shape: [2, 2, 2] }), key(0))).toThrow("[B, C, H, W]");
});
