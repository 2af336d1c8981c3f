import { ShapeError, type Tensor } from "../../mod.ts";
import { changeColours } from "./colour.ts";
import { drawViews, type ViewDraws } from "./draws.ts";
import { defaultRecipe, type ViewRecipe } from "./recipe.ts";
import { resizeCrop } from "./resize-crop.ts";

export interface RandomViewOptions {
  /** Rows and columns of the views. Default: those of the images. */
  size?: readonly [number, number] | undefined;
  /** Default: `defaultRecipe`. */
  recipe?: ViewRecipe;
}

/**
 * One random view of each image of a batch, made on the device: a resized crop, flipped or not, with changed colours
 * or none. Equal keys give equal views everywhere.
 *
 * @param images `f32[B, C, H, W]`, 0 to 1, with 3 colours or 1.
 * @param key Random key; each call wants its own.
 * @returns `f32[B, C, h, w]`, 0 to 1.
 * @throws {ShapeError} If the images are not of that form.
 *
 * Gradient: reaches the images.
 *
 * @example
 *   const [first, second] = [foldIn(key, 0), foldIn(key, 1)].map((k) => randomView(images, k));
 *
 * Source: data/augment/random-view.ts. Paper: Chen et al. 2020, appendix A, with the strengths of `defaultRecipe`.
 */
export function randomView(images: Tensor, key: Tensor, options: RandomViewOptions = {}): Tensor {
  const [count = 0, channels, rows = 0, columns = 0] = images.shape;
  if (images.rank !== 4 || (channels !== 3 && channels !== 1)) {
    throw new ShapeError("randomView", {
      problem: "not a batch of images",
      got: { images },
      need: "[B, C, H, W] with C = 3 or 1",
    });
  }
  const { size = [rows, columns], recipe = defaultRecipe } = options;
  return viewOf(images, drawViews(key, count, [rows, columns], recipe), size);
}

/** The view that was drawn for each image. */
export function viewOf(images: Tensor, draws: ViewDraws, size: readonly [number, number]): Tensor {
  return changeColours(resizeCrop(images, draws, size), draws);
}
