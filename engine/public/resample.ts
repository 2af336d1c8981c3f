import * as functions from "../functions/resample.ts";
import { lift } from "../lift.ts";

export type { InterpolateMode, InterpolateOptions } from "../functions/resample.ts";

/**
 * Another number of elements along the spatial axes, with PyTorch's rules to the last detail.
 *
 * @param x `[B, C, ...space]`, with 1 to 3 spatial axes.
 * @param options.size Of the result: a number for all axes, or one for each.
 * @param options.scaleFactor In its place: the result has floor(size * factor) elements, and neighbours are 1 / factor
 *   apart in the input.
 * @param options.mode `"nearest"` (default; rounds down), `"nearestExact"`, `"linear"`, `"bilinear"`, `"trilinear"` (for 1, 2
 *   and 3 axes), `"bicubic"` (2 axes, a = -0.75), `"area"` (adaptive means).
 * @param options.alignCorners Whether the first and last elements of both meet. Default false.
 * @param options.antialias Widens the filter where an axis shrinks, as PIL does; with `"bilinear"` and `"bicubic"` (a = -0.5).
 * @throws {ShapeError} If the mode does not fit the number of axes, or one is empty.
 * @throws {AxisError} If options contradict each other.
 *
 * Gradient: reaches `x`.
 *
 * @example
 *   interpolate(images, { size: [96, 96], mode: "bicubic", antialias: true });
 *
 * Source: engine/functions/resample.ts.
 */
export const interpolate = lift(functions.interpolate);
