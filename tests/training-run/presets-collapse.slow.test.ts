// The networks of the presets: healthy runs are left in peace, and what must collapse is called collapsed. On 8 x 8 images with
// four wavelets, so that a run takes seconds; what is said of collapse does not depend on the size.
import { beforeAll, describe, expect, test } from "vitest";
import { emojiImages, loadEmoji } from "../../data/emoji.ts";
import { fileReader } from "../../data/files.ts";
import type { ImageSet } from "../../data/images.ts";
import { configureDevice } from "../../mod.ts";
import { fittedBatch } from "../../training/job/auto.ts";
import { methodOf } from "../../training/job/method-of.ts";
import { shrunkImages } from "../../training/job/prepare.ts";
import type { ScatSimClrRecipe } from "../../training/job/recipe.ts";
import { presets } from "../../training/mod.ts";
import { pretrain } from "../../training/pretrain.ts";
import { constant } from "../../training/schedule.ts";
import { nodeGPU } from "../support/host.ts";

const BATCH = 8;

let images: ImageSet;
beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  const pack = await loadEmoji({ read: fileReader(new URL("../../data/emoji/", import.meta.url)) });
  const indices = Array.from({ length: 128 }, (_, i) => i * 3);
  const drawings = emojiImages(pack, indices, { vendors: ["noto"] });
  images = shrunkImages({ ...drawings, height: 32, width: 32, channels: 3 }, 8);
});

/** The warnings of 64 steps of eight images that are looked at twice, at the end. */
async function warningsOf(recipe: ScatSimClrRecipe, set = images): Promise<string[]> {
  const small = { ...recipe, batch: BATCH, view: null, angles: 4, scales: 1 };
  const warnings: string[] = [];
  for await (const event of pretrain(methodOf(small, images), set, {
    ...{ epochs: 4, batch: BATCH, monitorEvery: 32, schedule: constant(recipe.rate) },
    monitorImages: { ...set, count: 64, data: set.data.subarray(0, 64 * 192) },
  })) {
    if (event.type === "warning") warnings.push(event.message);
  }
  return warnings;
}

describe("healthy", () => {
  test.each([
    ["quick", presets.quick.recipe],
    // The rate for a hundred images would be too high for eight: see below.
    ["nano", fittedBatch(presets.nano.recipe, BATCH)],
  ])("%s is left in peace", async (_, recipe) => {
    expect(await warningsOf(recipe)).toEqual([]);
  });
});

describe("collapsed", () => {
  const { recipe } = presets.quick;
  const grey = () => ({ ...images, data: new Uint8Array(images.data.length).fill(130) });

  test.each<[string, Partial<ScatSimClrRecipe>, RegExp]>([
    ["by a learning rate that is a hundred times too high", { rate: 100 * recipe.rate }, /collapsed: /],
    ["by an absurd temperature", { temperature: 1000 }, /collapsed: /],
    [
      "by a projection head of one unit",
      { hidden: 1 },
      /its projection uses 1\.\d of 64 directions|lie close/,
    ],
    ["by a projection to one number", { out: 1 }, /the projections of all images lie close together/],
  ])("%s", async (_, change, sign) => {
    expect((await warningsOf({ ...recipe, ...change })).join()).toMatch(sign);
  });

  test("by the rate of a larger batch", async () => {
    expect((await warningsOf(presets.nano.recipe)).join()).toMatch(
      /its projection uses [23]\.\d of 64 directions/,
    );
  });

  test("on images that are all the same", async () => {
    expect((await warningsOf(recipe, grey())).join()).toMatch(/all images are nearly alike to it/);
  });
});
