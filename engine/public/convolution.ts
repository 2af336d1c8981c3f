import * as functions from "../functions/convolution.ts";
import { type Lifted, lift } from "../lift.ts";

export type ConvOptions = Lifted<functions.ConvOptions>;
export type ConvTransposeOptions = Lifted<functions.ConvTransposeOptions>;

/**
 * Convolution over one axis (cross-correlation, as everywhere in deep learning).
 *
 * @param x `[B, C, L]`, or `[C, L]`.
 * @param w `[O, C / groups, K]`.
 * @param options.bias `[O]`, if any.
 * @param options.stride, options.dilation Default 1.
 * @param options.padding Zeros on both sides (0); `"valid"` for none, `"same"` (stride 1) for a result as long as `x`.
 * @param options.groups Groups of channels that do not see each other; C for a depthwise convolution. Default 1.
 * @returns `[B, O, floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1]`.
 * @throws {ShapeError} If channels do not fit, or the kernel is larger than the padded input.
 * @throws {AxisError} If an option is no sensible number.
 *
 * Memory: the windows are never stored. Elementwise work on the result runs in the same kernel.
 * Gradient: reaches `x`, `w` and the bias.
 *
 * @example
 *   conv1d(x, w, { bias, stride: 2, padding: 1 });
 *
 * Source: engine/functions/convolution.ts.
 */
export const conv1d = lift(functions.conv1d);

/**
 * Convolution over two axes; see `conv1d`. Options that are lists have an entry for each axis.
 *
 * @param x `[B, C, H, W]`, or without B.
 * @param w `[O, C / groups, KH, KW]`.
 *
 * @example
 *   relu(conv2d(images, w, { bias, stride: 2, padding: 3 })); // one kernel
 *
 * Source: engine/functions/convolution.ts.
 */
export const conv2d = lift(functions.conv2d);

/**
 * Convolution over three axes; see `conv1d`.
 *
 * @param x `[B, C, D, H, W]`, or without B.
 * @param w `[O, C / groups, KD, KH, KW]`.
 *
 * Source: engine/functions/convolution.ts.
 */
export const conv3d = lift(functions.conv3d);

/**
 * Transposed convolution over one axis: the gradient of `conv1d` with respect to its input, as a function.
 *
 * @param x `[B, I, L]`, or `[I, L]`.
 * @param w `[I, O / groups, K]`.
 * @param options.bias `[O]`, if any.
 * @param options.stride, options.dilation Default 1.
 * @param options.padding What the convolution had; cuts the result on both sides. Default 0.
 * @param options.outputPadding Further positions at the end, fewer than the stride. Default 0.
 * @param options.groups Default 1.
 * @returns `[B, O, (L - 1) stride - 2 padding + dilation (K - 1) + outputPadding + 1]`.
 * @throws {ShapeError} If channels do not fit.
 * @throws {AxisError} If an option is no sensible number.
 *
 * Source: engine/functions/convolution.ts.
 */
export const convTranspose1d = lift(functions.convTranspose1d);

/** Transposed convolution over two axes; see `convTranspose1d`. `w` is `[I, O / groups, KH, KW]`. */
export const convTranspose2d = lift(functions.convTranspose2d);

/** Transposed convolution over three axes; see `convTranspose1d`. `w` is `[I, O / groups, KD, KH, KW]`. */
export const convTranspose3d = lift(functions.convTranspose3d);
