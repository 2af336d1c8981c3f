import { ShapeError, type Tensor, where } from "../../mod.ts";
import { boxBlur, gaussianBlur } from "./blur.ts";
import { changeColours } from "./colour.ts";
import { drawViews, type ViewDraws } from "./draws.ts";
import { defaultRecipe, type ViewRecipe } from "./recipe.ts";
import { resampleBoxes } from "./resample.ts";
import { resizeCrop } from "./resize-crop.ts";
import { bytes, continuous, type Scale } from "./scale.ts";

export interface RandomViewOptions {
  /** Rows and columns of the views. Default: those of the images. */
  size?: readonly [number, number] | undefined;
  /** Default: `defaultRecipe`. */
  recipe?: ViewRecipe;
}

/**
 * One random view of each image of a batch, made on the device: a resized crop, flipped or not, with changed colours,
 * blurred and solarised as the recipe says. Equal keys give equal views everywhere.
 *
 * Three channels are red, green and blue. Of any other number each is changed as a grey image is, all of them alike: crop,
 * flip, brightness, contrast around the channel's mean, blur and solarising, but no saturation, hue or loss of colours.
 *
 * @param images `f32[B, C, H, W]`, 0 to 1.
 * @param key Random key; each call wants its own.
 * @returns `f32[B, C, h, w]`, 0 to 1.
 * @throws {ShapeError} If the images are not of that form.
 *
 * Gradient: reaches the images, unless the recipe is exact.
 *
 * @example
 *   const [first, second] = [foldIn(key, 0), foldIn(key, 1)].map((k) => randomView(images, k));
 *
 * Source: data/augment/random-view.ts. Paper: Chen et al. 2020, appendix A, with the strengths of the recipe.
 */
export function randomView(images: Tensor, key: Tensor, options: RandomViewOptions = {}): Tensor {
  const [count = 0, , rows = 0, columns = 0] = images.shape;
  if (images.rank !== 4) {
    throw new ShapeError("randomView", {
      problem: "not a batch of images",
      got: { images },
      need: "[B, C, H, W]",
    });
  }
  const { size = [rows, columns], recipe = defaultRecipe } = options;
  return viewOf(images, drawViews(key, count, [rows, columns], recipe), size, recipe);
}

/** The view that was drawn for each image. */
export function viewOf(
  images: Tensor,
  draws: ViewDraws,
  size: readonly [number, number],
  recipe: ViewRecipe = defaultRecipe,
): Tensor {
  const scale = recipe.exact ? bytes : continuous;
  const given = recipe.exact ? scale.nearest(images.mul(255)) : images;
  const coloured = changeColours(cropped(given, draws, size, recipe, scale), draws, scale);
  const result = solarised(blurred(coloured, draws, recipe, scale), draws, scale);
  return recipe.exact ? result.div(255) : result;
}

function cropped(
  images: Tensor,
  draws: ViewDraws,
  size: readonly [number, number],
  { crop: { filter = "linear" } }: ViewRecipe,
  scale: Scale,
): Tensor {
  if (filter !== "linear") return resampleBoxes(images, draws, size, filter, scale, draws.flip);
  return scale.nearest(resizeCrop(images, draws, size));
}

const perImage = (x: Tensor): Tensor => x.reshape([-1, 1, 1, 1]);

function blurred(images: Tensor, draws: ViewDraws, { blur }: ViewRecipe, scale: Scale): Tensor {
  if (!blur || !draws.blur || !draws.sigma) return images;
  const { kind, sigma, reach } = blur;
  const [most] = [Math.max(...sigma)];
  const pixels = reach === undefined ? Math.ceil(3 * most) : Math.floor(reach * (images.shape[2] as number));
  const result =
    kind === "boxes" && scale.whole
      ? boxBlur(images, draws.sigma, most, scale)
      : gaussianBlur(images, draws.sigma, pixels, scale);
  return where(perImage(draws.blur), result, images);
}

/** From half of white on the scale is turned round. */
function solarised(images: Tensor, { solarise }: ViewDraws, { white }: Scale): Tensor {
  if (!solarise) return images;
  const bright = images.greaterEqual((white * 128) / 255);
  return where(perImage(solarise).logicalAnd(bright), images.neg().add(white), images);
}
