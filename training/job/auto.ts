import { type PresetName, presets, type Recipe } from "./recipe.ts";

/** What a choice of recipe goes by. */
export interface Circumstances {
  /** Images to train on. */
  readonly images: number;
  /** The shorter side of them. */
  readonly side: number;
  /** Whether a GPU does the work, or the processor in its place. */
  readonly gpu: boolean;
}

/** Images that a run is worth, all epochs together: minutes without a GPU, and with one. */
const WORTH = { software: 8_000, gpu: 1_000_000 } as const;

/**
 * The preset for a machine and a number of images, with as many epochs as take a few minutes, or on a GPU a good deal
 * longer where there is enough to learn from.
 *
 * Source: training/job/auto.ts.
 */
export function autoRecipe({ images, side, gpu }: Circumstances): { preset: PresetName; recipe: Recipe } {
  const preset = presetFor({ images, side, gpu });
  const { recipe } = presets[preset];
  const [least, most, worth] = gpu ? [10, 200, WORTH.gpu] : [1, 30, WORTH.software];
  const epochs = Math.max(least, Math.min(most, Math.round(worth / Math.max(1, images))));
  return { preset, recipe: fittedBatch({ ...recipe, epochs }, images) };
}

function presetFor({ images, side, gpu }: Circumstances): PresetName {
  if (!gpu) return "quick";
  if (images < 2000) return "nano";
  return images < 20_000 || side < 64 ? "small" : "scatsimclr8";
}

/** With no more images in a batch than there are; a contrast needs two. */
export function fittedBatch(recipe: Recipe, images: number): Recipe {
  return images >= recipe.batch ? recipe : { ...recipe, batch: Math.max(2, images) };
}
