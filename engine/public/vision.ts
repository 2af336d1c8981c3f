import * as functions from "../functions/sampling.ts";
import { lift } from "../lift.ts";

export type { GridSampleOptions, LocalResponseOptions } from "../functions/sampling.ts";

// Source: engine/functions/sampling.ts.

/**
 * An image read at places of its own for each sample, with PyTorch's rules.
 *
 * @param x `[B, C, H, W]`, or `[B, C, D, H, W]`.
 * @param grid `[B, .., .., 2]`, or `[B, .., .., .., 3]`: x, y (and z) of each place, -1 to 1 from edge to edge.
 * @param options.mode `"bilinear"` (default; over three axes trilinear), `"nearest"`, or `"bicubic"` (two axes, a = -0.75).
 * @param options.paddingMode What lies outside: `"zeros"` (default), `"border"` or `"reflection"`.
 * @param options.alignCorners Whether -1 and 1 are the centres of the outermost elements. Default false: their edges.
 * @returns `[B, C, .., ..]`, the places of `grid`.
 * @throws {ShapeError} If `x` and `grid` do not fit each other.
 *
 * Gradient: reaches `x` and `grid` (not by way of `"nearest"`).
 *
 * @example
 *   gridSample(images, affineGrid(theta, [8, 3, 64, 64]));
 *
 * Paper: Jaderberg et al. 2015.
 */
export const gridSample = lift(functions.gridSample);

/**
 * The places that affine maps move an even grid to, for `gridSample`.
 *
 * @param theta `[B, 2, 3]`, or `[B, 3, 4]`.
 * @param size Of the images to be made, `[B, C, H, W]`, or `[B, C, D, H, W]`.
 * @param options.alignCorners As in `gridSample`.
 * @returns `[B, H, W, 2]`, or `[B, D, H, W, 3]`.
 * @throws {ShapeError} If `theta` does not fit the size.
 */
export const affineGrid = lift(functions.affineGrid);

/**
 * `x / (k + alpha / size * s)^beta`, where s is the sum of squares over `size` channels around each one.
 *
 * @param x `[B, C, ..]`.
 * @param options.size Channels that count for each one.
 * @param options.alpha Default 1e-4.
 * @param options.beta Default 0.75.
 * @param options.k Default 1.
 * @throws {ShapeError} If `x` has no channels.
 *
 * Paper: Krizhevsky et al. 2012, section 3.3.
 */
export const localResponseNorm = lift(functions.localResponseNorm);

/** Channels as finer pixels: `[B, C r^2, H, W]` to `[B, C, H r, W r]`. Paper: Shi et al. 2016. */
export const pixelShuffle = lift(functions.pixelShuffle);

/** The way back: `[B, C, H r, W r]` to `[B, C r^2, H, W]`. */
export const pixelUnshuffle = lift(functions.pixelUnshuffle);
