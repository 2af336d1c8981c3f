import * as functions from "../functions/unfold.ts";
import { lift } from "../lift.ts";

export type { UnfoldOptions } from "../functions/unfold.ts";

/**
 * The windows of an image as columns (im2col).
 *
 * @param x `[B, C, H, W]`, or without B.
 * @param options.kernelSize Of the window: a number, or one for each axis.
 * @param options.stride, options.dilation, options.padding As in `conv2d`; zeros lie outside.
 * @returns `[B, C * KH * KW, positions]`.
 * @throws {ShapeError} If the window is larger than the padded input.
 *
 * Source: engine/functions/unfold.ts.
 */
export const unfold = lift(functions.unfold);

/**
 * Columns back to an image, added where windows overlap (col2im): the adjoint of `unfold`.
 *
 * @param x `[B, C * KH * KW, positions]`, or without B.
 * @param options.outputSize H and W of the image. The others as in `unfold`.
 * @returns `[B, C, H, W]`.
 * @throws {ShapeError} If the columns do not fit the image.
 *
 * Source: engine/functions/unfold.ts.
 */
export const fold = lift(functions.fold);
