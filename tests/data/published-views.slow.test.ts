import { beforeAll, describe, expect, test } from "vitest";
import { drawViews } from "../../data/augment/draws.ts";
import { multiCrop } from "../../data/augment/multi-crop.ts";
import { randomView } from "../../data/augment/random-view.ts";
import { dinoRecipe, scatSimClrRecipe } from "../../data/augment/recipe.ts";
import { compile, configureDevice, key, type Tensor, tensor } from "../../mod.ts";
import { distance } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const pictures = (count: number, channels: number, height: number, width: number) =>
  Float32Array.from(
    { length: count * channels * height * width },
    (_, i) => 0.5 + 0.5 * Math.sin(i * 0.37 + Math.floor(i / (height * width)) * 1.3),
  );

describe("published recipes", () => {
  const count = 12;
  const sizes = [
    ["ScatSimCLR, colour", scatSimClrRecipe, 3],
    ["ScatSimCLR, grey", scatSimClrRecipe, 1],
    ["DINO, global", dinoRecipe().globals.recipe, 3],
  ] as const;

  test.each(sizes)(
    "%s: exact views differ from the others by rounding alone",
    async (_, recipe, channels) => {
      const images = tensor(pictures(count, channels, 20, 24), { shape: [count, channels, 20, 24] });
      const gaussian = recipe.blur?.kind === "gaussian";
      // Boxes are no Gaussian, so without blur there.
      const { blur, ...sharp } = recipe;
      const used = gaussian ? recipe : sharp;
      const make = compile((x: Tensor, k: Tensor) => [
        randomView(x, k, { recipe: used, size: [16, 16] }),
        randomView(x, k, { recipe: { ...used, exact: true }, size: [16, 16] }),
      ]);
      const [smooth, exact] = make(images, key(3)) as [Tensor, Tensor];
      const [a, b] = [await smooth.data(), await exact.data()];
      const gaps = Array.from(a, (x, i) => Math.abs(x - (b[i] as number)) * 255);
      expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeLessThan(2);
      for (const value of b) expect(Math.abs(value * 255 - Math.round(value * 255))).toBeLessThan(1e-4);
      expect(Math.min(...a, ...b)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...a, ...b)).toBeLessThanOrEqual(1);
    },
  );

  test("multiCrop gives views in blocks, each with the chances of its own", async () => {
    const images = tensor(pictures(2, 3, 28, 28), { shape: [2, 3, 28, 28] });
    const recipe = dinoRecipe({ locals: 3 });
    const { globals, locals } = multiCrop(images, key(1), { recipe });
    expect(globals.shape).toEqual([4, 3, 28, 28]);
    expect(locals?.shape).toEqual([6, 3, 12, 12]);
    const one = (await locals?.data()) as Float32Array;
    expect(distance(one.subarray(0, 432), one.subarray(432, 864))).toBeGreaterThan(0.05);
    expect(multiCrop(images, key(1), { recipe: dinoRecipe({ locals: 0 }) }).locals).toBeNull();
    const drawn = drawViews(key(2), 400, [28, 28], recipe.globals.recipe);
    const [blur, solarise] = [await drawn.blur!.data(), await drawn.solarise!.data()].map((x) =>
      Array.from(x),
    );
    const share = (flags: number[], from: number) =>
      flags.slice(from, from + 200).reduce((a, b) => a + b, 0) / 200;
    expect(share(blur!, 0)).toBe(1);
    expect(share(blur!, 200)).toBeCloseTo(0.1, 1);
    expect(share(solarise!, 0)).toBe(0);
    expect(share(solarise!, 200)).toBeCloseTo(0.2, 1);
  });

  test("a centre of an allowed shape is shown where no crop fits", async () => {
    const never = { ...scatSimClrRecipe, crop: { ...scatSimClrRecipe.crop, area: [30, 40] as const } };
    const draws = drawViews(key(1), 3, [10, 40], never);
    for (const [name, value] of Object.entries({ top: 0, left: 13, height: 10, width: 13 })) {
      expect(Array.from(await (draws[name as "top"] as Tensor).data())).toEqual([value, value, value]);
    }
  });
});
