import * as functions from "../functions/linear.ts";
import { lift } from "../lift.ts";

/**
 * Matrix product, as NumPy has it: of the last axis of `a` with the last but one of `b`.
 *
 * Axes before those two are a stack of matrices and broadcast. A vector is a row on the left and a column on the
 * right, and its axis is not in the result. Floats and integers; operands of two dtypes are promoted.
 *
 * @param a `[.., M, K]` or `[K]`.
 * @param b `[.., K, N]` or `[K]`.
 * @returns `[.., M, N]`.
 * @throws {ShapeError} If the inner dimensions differ, an operand is a scalar, or the stacks do not broadcast.
 *
 * Memory: nothing is copied to broadcast. Elementwise work on the result runs in the same kernel.
 * Gradient: reaches both.
 *
 * @example
 *   matmul(ones([2, 3]), ones([3, 4])); // f32[2,4] of 3
 *
 * Source: engine/functions/linear.ts.
 */
export const matmul = lift(functions.matmul);

/**
 * `x` times the transpose of `weight`, plus `bias`: the linear layer.
 *
 * @param x `[.., I]`.
 * @param weight `[O, I]`, as PyTorch stores it.
 * @param bias `[O]`, if any.
 * @returns `[.., O]`.
 * @throws {ShapeError} If the features differ.
 *
 * Gradient: reaches all three.
 *
 * @example
 *   gelu(linear(x, weight, bias)); // one kernel
 *
 * Source: engine/functions/linear.ts.
 */
export const linear = lift(functions.linear);

/**
 * `sum_ij a_i weight_oij b_j`, plus `bias`.
 *
 * @param a `[.., I]`.
 * @param b `[.., J]`, with the same leading axes.
 * @param weight `[O, I, J]`.
 * @param bias `[O]`, if any.
 * @returns `[.., O]`.
 * @throws {ShapeError} If the features differ.
 *
 * Source: engine/functions/linear.ts.
 */
export const bilinear = lift(functions.bilinear);

/**
 * Inner product of two vectors of one length, of rank 0.
 *
 * @throws {ShapeError} If they are anything else; `matmul` takes matrices.
 *
 * Source: engine/functions/linear.ts.
 */
export const dot = lift(functions.dot);

/** Inner product of two tensors of one size, both flattened. Source: engine/functions/linear.ts. */
export const vdot = lift(functions.vdot);

/** Inner products along an axis (the last) of operands that broadcast. Source: engine/functions/linear.ts. */
export const vecdot = lift(functions.vecdot);

/** `[N, M]` of the products of all elements of `a` with all of `b`. Source: engine/functions/linear.ts. */
export const outer = lift(functions.outer);

/**
 * Sum of products over several axes.
 *
 * @param options.axes How many last axes of `a` meet the first ones of `b` (2), or the axes of both in pairs:
 *   `[[axes of a], [axes of b]]`.
 * @returns The other axes of `a`, then those of `b`.
 * @throws {ShapeError} If axes of a pair have different sizes.
 *
 * @example
 *   tensordot(ones([2, 3, 4]), ones([4, 3, 5]), { axes: [[1, 2], [1, 0]] }); // f32[2,5] of 12
 *
 * Source: engine/functions/linear.ts.
 */
export const tensordot = lift(functions.tensordot);
