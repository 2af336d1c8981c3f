import { type PresetName, presets } from "./presets.ts";
import type { MethodName, Recipe } from "./recipe.ts";

/** What a choice of recipe goes by. */
export interface Circumstances {
  /** Images to train on. */
  readonly images: number;
  /** The shorter side of them. */
  readonly side: number;
  /** Whether a GPU does the work, or the processor in its place. */
  readonly gpu: boolean;
  /** Default "scatsimclr". */
  readonly method?: MethodName;
}

/** Images that a run is worth, all epochs together: with a GPU, and what takes minutes without one. */
const GPU_WORTH = 1_000_000;
const SOFTWARE_WORTH: Readonly<Record<MethodName, number>> = {
  scatsimclr: 8_000,
  simclr: 8_000,
  dino: 40_000,
  selfpatch: 40_000,
  esvit: 20_000,
};

/**
 * The preset for a machine and a number of images, with as many epochs as take a few minutes, or on a GPU a good deal
 * longer where there is enough to learn from.
 *
 * Source: training/job/auto.ts.
 */
export function autoRecipe(circumstances: Circumstances): { preset: PresetName; recipe: Recipe } {
  const { images, gpu, method = "scatsimclr" } = circumstances;
  const preset = presetFor({ ...circumstances, method });
  const { recipe } = presets[preset];
  const [least, most, worth] = gpu ? [10, 200, GPU_WORTH] : [1, 30, SOFTWARE_WORTH[method]];
  const epochs = Math.max(least, Math.min(most, Math.round(worth / Math.max(1, images))));
  return { preset, recipe: fittedBatch({ ...recipe, epochs }, images) };
}

function presetFor({ images, side, gpu, method }: Required<Circumstances>): PresetName {
  if (method !== "scatsimclr") return `${method}-nano`;
  if (!gpu) return "quick";
  if (images < 2000) return "nano";
  return images < 20_000 || side < 64 ? "small" : "scatsimclr8";
}

/**
 * With no more images in a batch than there are; a contrast needs two. The learning rate shrinks with the batch, as that of
 * transformers does by itself: at eight images the rate for a hundred leaves projections three directions of 64, an eighth
 * of it leaves them ten.
 *
 * @param keepRate Leave the rate as it is, since somebody chose it.
 */
export function fittedBatch<R extends Recipe>(recipe: R, images: number, keepRate = false): R {
  if (images >= recipe.batch) return recipe;
  const batch = Math.max(2, images);
  if (keepRate || "crops" in recipe) return { ...recipe, batch };
  return { ...recipe, batch, rate: (recipe.rate * batch) / recipe.batch };
}
