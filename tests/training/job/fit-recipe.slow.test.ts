import { afterAll, beforeAll, expect, test } from "vitest";
import { createDevice, type Device, setDevice } from "../../../mod.ts";
import { fittedToMemory } from "../../../training/job/fit-recipe.ts";
import type { Recipe } from "../../../training/job/recipe.ts";
import { tinyRecipes } from "../../methods/tiny.ts";
import { nullGPU } from "../../support/host.ts";
import { stripes } from "../../training-run/tiny.ts";

let device: Device;
beforeAll(async () => {
  device = await createDevice({ gpu: nullGPU() });
  setDevice(device);
});
afterAll(() => device.destroy());

const recomputeOf = (recipe: Recipe) => ("recompute" in recipe ? recipe.recompute : null);
const images = stripes(8, 16);

test("a transformer computes blocks again where memory is short, and no others", { timeout: 200_000 }, () => {
  const { dino } = tinyRecipes;
  expect(recomputeOf(fittedToMemory(dino, images, 1e12))).toBe(0);
  // Too little for any: as few bytes as there can be, and the run says what it takes.
  expect(recomputeOf(fittedToMemory(dino, images, 1))).toBe(1);
});

test("recipes whose batches can be cut stay as they are", () => {
  expect(fittedToMemory(tinyRecipes.scatsimclr, images, 1)).toBe(tinyRecipes.scatsimclr);
});
