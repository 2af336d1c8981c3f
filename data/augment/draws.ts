import {
  any,
  argmax,
  bernoulli,
  exp,
  floor,
  foldIn,
  lessEqual,
  logicalAnd,
  round,
  sqrt,
  type Tensor,
  uniform,
  where,
} from "../../mod.ts";
import type { ViewRecipe } from "./recipe.ts";

/** What was drawn for each view of a batch, `[B]` each. */
export interface ViewDraws {
  /** The part of the image that the view shows, in pixels: `f32`, whole numbers. */
  readonly top: Tensor;
  readonly left: Tensor;
  readonly height: Tensor;
  readonly width: Tensor;
  /** `bool` */
  readonly flip: Tensor;
  readonly jitter: Tensor;
  readonly grey: Tensor;
  /** Factors, `f32`. */
  readonly brightness: Tensor;
  readonly contrast: Tensor;
  readonly saturation: Tensor;
  /** Shift in turns, `f32`. */
  readonly hue: Tensor;
}

/** Tries at a crop that fits before the whole image is taken, as in torchvision. */
const ATTEMPTS = 10;

/** Everything random about `count` views of images of a size. */
export function drawViews(
  key: Tensor,
  count: number,
  [rows, columns]: readonly [number, number],
  recipe: ViewRecipe,
): ViewDraws {
  let drawn = 0;
  const next = () => foldIn(key, drawn++);
  const between = ([min, max]: readonly [number, number], shape = [count]) =>
    uniform(next(), shape, { min, max });
  const around = (spread: number, centre: number) => between([centre - spread, centre + spread]);
  const crop = drawCrop(between, count, rows, columns, recipe.crop);
  return {
    ...crop,
    top: placeWithin(uniform(next(), [count]), crop.height, rows),
    left: placeWithin(uniform(next(), [count]), crop.width, columns),
    flip: bernoulli(next(), recipe.flip, [count]),
    jitter: bernoulli(next(), recipe.jitter.probability, [count]),
    grey: bernoulli(next(), recipe.grey, [count]),
    brightness: around(recipe.jitter.brightness, 1),
    contrast: around(recipe.jitter.contrast, 1),
    saturation: around(recipe.jitter.saturation, 1),
    hue: around(recipe.jitter.hue, 0),
  };
}

/** Height and width of a random area and shape; the first of several tries that fits into the image. */
function drawCrop(
  between: (range: readonly [number, number], shape: number[]) => Tensor,
  count: number,
  rows: number,
  columns: number,
  { area, ratio }: ViewRecipe["crop"],
): { height: Tensor; width: Tensor } {
  const tries = [count, ATTEMPTS];
  const pixels = between(area, tries).mul(rows * columns);
  const shape = exp(between([Math.log(ratio[0]), Math.log(ratio[1])], tries));
  const widths = round(sqrt(pixels.mul(shape)));
  const heights = round(sqrt(pixels.div(shape)));
  const fits = logicalAnd(lessEqual(widths, columns), lessEqual(heights, rows));
  const first = argmax(fits.cast("i32"), { axis: 1, keepDims: true });
  const some = any(fits, { axis: 1 });
  const pick = (sizes: Tensor, whole: number) =>
    where(some, sizes.takeAlongAxis(first, { axis: 1 }).reshape([count]), whole);
  return { height: pick(heights, rows), width: pick(widths, columns) };
}

/** Any whole position where `size` of `total` pixels fit, each as likely. */
const placeWithin = (unit: Tensor, size: Tensor, total: number): Tensor =>
  floor(unit.mul(size.neg().add(total + 1)));
