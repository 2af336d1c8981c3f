import * as functions from "../functions/pooling.ts";
import { lift } from "../lift.ts";

export type { AvgPoolOptions, MaxPoolOptions } from "../functions/pooling.ts";

// Windows are views and are never stored. Source: engine/functions/pooling.ts.

/**
 * The largest value of each window of `[B, C, L]` (or `[C, L]`).
 *
 * @param options.kernelSize Of the window.
 * @param options.stride By default the size of the window.
 * @param options.padding On both sides, at most half a window; what lies there never wins. Default 0.
 * @param options.dilation Default 1.
 * @param options.ceilMode Whether a window that begins inside and ends outside counts. Default false.
 * @returns `[B, C, floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1]`.
 * @throws {ShapeError} If the window is larger than the padded input.
 * @throws {AxisError} If an option is no sensible number.
 *
 * NaN wins. Gradient: of equal values the first gets all of it.
 */
export const maxPool1d = lift(functions.maxPool1d);

/** The same over `[B, C, H, W]`; options that are lists have an entry for each axis. See `maxPool1d`. */
export const maxPool2d = lift(functions.maxPool2d);

/** The same over `[B, C, D, H, W]`. See `maxPool1d`. */
export const maxPool3d = lift(functions.maxPool3d);

/**
 * The mean of each window of `[B, C, L]` (or `[C, L]`).
 *
 * @param options.kernelSize, options.stride, options.padding, options.ceilMode As in `maxPool1d`.
 * @param options.countIncludePad Whether padding counts as zeros, or not at all. Default true.
 * @throws {ShapeError} If the window is larger than the padded input.
 * @throws {AxisError} If an option is no sensible number.
 */
export const avgPool1d = lift(functions.avgPool1d);

/** The same over `[B, C, H, W]`. See `avgPool1d`. */
export const avgPool2d = lift(functions.avgPool2d);

/** The same over `[B, C, D, H, W]`. See `avgPool1d`. */
export const avgPool3d = lift(functions.avgPool3d);

/**
 * Means over bins that cover an axis evenly: bin i is floor(i L / S) to ceil((i + 1) L / S) - 1.
 *
 * @param x `[B, C, L]`, or without B.
 * @param outputSize S; may be larger than L.
 * @returns `[B, C, S]`.
 * @throws {ShapeError} If there is nothing to pool.
 *
 * @example
 *   adaptiveAvgPool2d(features, [1, 1]); // a global mean
 */
export const adaptiveAvgPool1d = lift(functions.adaptiveAvgPool1d);

/** The same over `[B, C, H, W]`, with a size for both axes or one for each. See `adaptiveAvgPool1d`. */
export const adaptiveAvgPool2d = lift(functions.adaptiveAvgPool2d);

/** The same over `[B, C, D, H, W]`. See `adaptiveAvgPool1d`. */
export const adaptiveAvgPool3d = lift(functions.adaptiveAvgPool3d);

/** The largest value of each bin; of equal values the first gets the gradient. See `adaptiveAvgPool1d`. */
export const adaptiveMaxPool1d = lift(functions.adaptiveMaxPool1d);

/** The same over `[B, C, H, W]`. See `adaptiveMaxPool1d`. */
export const adaptiveMaxPool2d = lift(functions.adaptiveMaxPool2d);

/** The same over `[B, C, D, H, W]`. See `adaptiveMaxPool1d`. */
export const adaptiveMaxPool3d = lift(functions.adaptiveMaxPool3d);

/**
 * The mean over all of space: `[B, C, ...space]` to `[B, C]`, or to `[B, C, 1, ..]` with `keepDims`.
 *
 * @throws {ShapeError} If `x` has no spatial axes.
 */
export const globalAvgPool = lift(functions.globalAvgPool);
