import { randomView } from "../../data/augment/random-view.ts";
import type { ViewRecipe } from "../../data/augment/recipe.ts";
import type { ImageSet } from "../../data/images.ts";
import { compile, foldIn, key, type Tensor } from "../../mod.ts";
import { type Embeddings, embed } from "./embeddings.ts";
import { retrieval } from "./retrieval.ts";

export interface CrossViewOptions {
  /** How the views are made. Default: `defaultRecipe`. */
  readonly recipe?: ViewRecipe;
  /** Default 0. */
  readonly seed?: number;
  /** Default 1 and 5. */
  readonly ranks?: readonly number[];
}

/**
 * A measure without labels, for any images: two random views of each image are made, and the nearest second view of a
 * first view should be of the same image. Chance is one in the number of images. All ways to represent images see
 * the same views for a seed.
 *
 * @param represent Turns images into embeddings, such as `(set) => embed(set, encode)`.
 * @returns Shares of the images for each rank, 0 to 1.
 *
 * Source: training/evaluate/cross-view.ts.
 */
export async function crossViewRetrieval(
  images: ImageSet,
  represent: (images: ImageSet) => Promise<Embeddings>,
  options: CrossViewOptions = {},
): Promise<number[]> {
  const [first, second] = await viewPair(images, options);
  return retrieval(await represent(first), await represent(second), options.ranks);
}

/** Two sets of random views of the same images, 8 bits a channel. */
export async function viewPair(
  images: ImageSet,
  { recipe, seed = 0 }: Pick<CrossViewOptions, "recipe" | "seed"> = {},
): Promise<[ImageSet, ImageSet]> {
  return [await viewsOf(images, seed, 0, recipe), await viewsOf(images, seed, 1, recipe)];
}

/** One random view of each image; `number` counts the views of a seed. */
export async function viewsOf(
  images: ImageSet,
  seed: number,
  number: number,
  recipe?: ViewRecipe,
): Promise<ImageSet> {
  const { count, height, width, channels } = images;
  const root = foldIn(key(seed), number);
  // Drawn batch by batch, with a key for each.
  const draw = compile(
    (batch: Tensor, batchKey: Tensor) =>
      randomView(batch, batchKey, recipe ? { recipe } : {}).permute([0, 2, 3, 1]),
    { name: "views" },
  );
  try {
    let batchNumber = 0;
    const { values } = await embed(images, (batch) => draw(batch, foldIn(root, batchNumber++)));
    const data = Uint8Array.from(values, (value) => Math.round(value * 255));
    return { count, height, width, channels, data };
  } finally {
    draw.dispose();
  }
}
