import {
  any,
  argmax,
  argsort,
  bernoulli,
  exp,
  floor,
  foldIn,
  lessEqual,
  logicalAnd,
  round,
  sqrt,
  type Tensor,
  tensor,
  uniform,
  where,
} from "../../mod.ts";
import type { Probability, ViewRecipe } from "./recipe.ts";

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
  /** In which order the four are applied, `i32[B, 4]`; without it as listed here. */
  readonly order?: Tensor;
  /** Whether and how far to blur, where the recipe says so: `bool`, and pixels as `f32`. */
  readonly blur?: Tensor;
  readonly sigma?: Tensor;
  /** `bool`; where the recipe says so. */
  readonly solarise?: Tensor;
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
  const { some, ...drawnCrop } = drawCrop(between, count, rows, columns, recipe.crop);
  const shown = fallbackCrop(rows, columns, recipe.crop);
  const crop = {
    height: where(some, drawnCrop.height, shown.height),
    width: where(some, drawnCrop.width, shown.width),
  };
  const place = (size: Tensor, total: number, otherwise: number) =>
    where(some, placeWithin(uniform(next(), [count]), size, total), otherwise);
  const { jitter, blur, solarise } = recipe;
  const draws = {
    ...crop,
    top: place(crop.height, rows, shown.top),
    left: place(crop.width, columns, shown.left),
    flip: bernoulli(next(), recipe.flip, [count]),
    jitter: bernoulli(next(), recipe.jitter.probability, [count]),
    grey: bernoulli(next(), recipe.grey, [count]),
    brightness: around(recipe.jitter.brightness, 1),
    contrast: around(recipe.jitter.contrast, 1),
    saturation: around(recipe.jitter.saturation, 1),
    hue: around(recipe.jitter.hue, 0),
  };
  return {
    ...draws,
    ...(jitter.order === "random" && { order: argsort(uniform(next(), [count, 4]), { axis: 1 }) }),
    ...(blur && { blur: chance(next(), blur.probability, count), sigma: between(blur.sigma) }),
    ...(solarise !== undefined && { solarise: chance(next(), solarise, count) }),
  };
}

/** `bool[count]` */
function chance(key: Tensor, probability: Probability, count: number): Tensor {
  if (typeof probability === "number") return bernoulli(key, probability, [count]);
  const part = Math.ceil(count / probability.length);
  const each = Float32Array.from({ length: count }, (_, i) => probability[Math.floor(i / part)] as number);
  return uniform(key, [count]).less(tensor(each));
}

/** Height and width of a random area and shape; the first of several tries that fits into the image, if `some` do. */
function drawCrop(
  between: (range: readonly [number, number], shape: number[]) => Tensor,
  count: number,
  rows: number,
  columns: number,
  { area, ratio }: ViewRecipe["crop"],
): { some: Tensor; height: Tensor; width: Tensor } {
  const tries = [count, ATTEMPTS];
  const pixels = between(area, tries).mul(rows * columns);
  const shape = exp(between([Math.log(ratio[0]), Math.log(ratio[1])], tries));
  const widths = round(sqrt(pixels.mul(shape)));
  const heights = round(sqrt(pixels.div(shape)));
  const fits = logicalAnd(lessEqual(widths, columns), lessEqual(heights, rows));
  const first = argmax(fits.cast("i32"), { axis: 1, keepDims: true });
  const some = any(fits, { axis: 1 });
  const pick = (sizes: Tensor) => sizes.takeAlongAxis(first, { axis: 1 }).reshape([count]);
  return { some, height: pick(heights), width: pick(widths) };
}

/** What is shown when nothing fits. */
function fallbackCrop(rows: number, columns: number, { ratio, fallback = "whole" }: ViewRecipe["crop"]) {
  const shape = columns / rows;
  const whole = fallback === "whole" || (shape >= ratio[0] && shape <= ratio[1]);
  const height = whole || shape > ratio[1] ? rows : Math.round(columns / ratio[0]);
  const width = whole || shape < ratio[0] ? columns : Math.round(rows * ratio[1]);
  return { height, width, top: (rows - height) >> 1, left: (columns - width) >> 1 };
}

/** Any whole position where `size` of `total` pixels fit, each as likely. */
const placeWithin = (unit: Tensor, size: Tensor, total: number): Tensor =>
  floor(unit.mul(size.neg().add(total + 1)));
