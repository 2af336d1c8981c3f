import * as functions from "../functions/indexing.ts";
import { lift } from "../lift.ts";

// Indices are i32 or u32 tensors, or single numbers; negative ones count from the end. A number outside the axis is an
// AxisError. An index outside it in a tensor is not noticed, for that would need its values: what it reads is NaN (0 for
// integers and booleans), and what is written there is dropped. Gradients reach values, updates and the tensor itself.

/**
 * Slices of `x` at positions of an axis: `x[.., indices, ..]`.
 *
 * @param indices Any shape, which takes the place of the axis; a number drops it.
 * @param options.axis May be left out for vectors.
 *
 * @example Rows of an embedding table
 *   take(table, tokens, { axis: 0 }); // f32[V, D], i32[B, N] -> f32[B, N, D]
 */
export const take = lift(functions.take);

/**
 * For each index the element of its own row: `out[i, j] = x[i, indices[i, j]]` along the last axis.
 *
 * @param indices As many axes as `x`; the others than `axis` broadcast.
 * @param options.axis -1 by default.
 */
export const takeAlongAxis = lift(functions.takeAlongAxis);

/**
 * The same as PyTorch has it: the result has the shape of the indices, which are not repeated, and along the other axes
 * may be shorter than `x`.
 *
 * @param options.axis -1 by default.
 * @throws {ShapeError} If the indices are longer than `x` along another axis.
 */
export const gather = lift(functions.gather);

/**
 * `x[i, j, ..]` for integer tensors, one for each leading axis and broadcast together: elements, or slices where there
 * are fewer tensors than axes.
 */
export const index = lift(functions.index);

/**
 * `x` with updates added along an axis: `out[i, indices[i, j]] += updates[i, j]`. The inverse of `takeAlongAxis`.
 *
 * @param indices Shaped like `x` but for `axis`.
 * @param updates Number or tensor that broadcasts to the indices.
 * @param options.axis -1 by default.
 */
export const scatterAdd = lift(functions.scatterAdd);

/** `x` with updates written along an axis; of equal indices the last stays. Otherwise as `scatterAdd`. */
export const scatterSet = lift(functions.scatterSet);

/**
 * `x` with updates added at the places that `index` reads: `out[i, j, ..] += updates`.
 *
 * @param indices One index, or one for each leading axis.
 * @param updates Number or tensor that broadcasts to what `index(x, ...indices)` gives.
 */
export const indexAdd = lift(functions.indexAdd);

/** `x` with updates written at the places that `index` reads; of equal places the last stays. */
export const indexSet = lift(functions.indexSet);

/** `x` with a number wherever the mask, which broadcasts to it, is true. Gradient: reaches `x` elsewhere. */
export const maskedFill = lift(functions.maskedFill);
