import * as functions from "../functions/creation.ts";
import { lift } from "../lift.ts";

export type { CreationOptions, ShapeLike } from "../functions/creation.ts";

// Shapes are lists of sizes, or one number for a single axis. A shape that is none is a ShapeError.

/**
 * A tensor of one value. It takes no memory: the value is written into the kernels that use it.
 *
 * @param options.dtype By default bool for booleans and f32 for numbers.
 */
export const full = lift(functions.full);

/** Zeros; f32 unless `options.dtype` says otherwise. */
export const zeros = lift(functions.zeros);

/** Ones; f32 unless `options.dtype` says otherwise. */
export const ones = lift(functions.ones);

/** One value in the shape of `x`, and in its dtype unless `options.dtype` says otherwise. */
export const fullLike = lift(functions.fullLike);

/** Zeros in the shape of `x`, and in its dtype unless `options.dtype` says otherwise. */
export const zerosLike = lift(functions.zerosLike);

/** Ones in the shape of `x`, and in its dtype unless `options.dtype` says otherwise. */
export const onesLike = lift(functions.onesLike);

/**
 * `start`, `start + step`, ... up to and without `stop`; `arange(n)` counts from 0 to n - 1.
 *
 * @param options.dtype By default i32 if all three are integers, else f32.
 * @throws {AxisError} If the step is 0, or something is not finite.
 */
export const arange = lift(functions.arange);

/**
 * `count` numbers at equal distances from `start` to `stop`; both ends are exact.
 *
 * @param options.endpoint Whether `stop` is the last of them (the default) or would be the next.
 * @param options.dtype f32 by default.
 */
export const linspace = lift(functions.linspace);

/**
 * Ones on a diagonal and zeros elsewhere, `f32[rows, columns]`.
 *
 * @param options.k Number of the diagonal: positive ones lie above the main one.
 */
export const eye = lift(functions.eye);

/** The lower triangle of each matrix of `x[.., M, N]`, zeros above diagonal `options.k`. */
export const tril = lift(functions.tril);

/** The upper triangle of each matrix of `x[.., M, N]`, zeros below diagonal `options.k`. */
export const triu = lift(functions.triu);

/**
 * `[.., classes]` with 1 at each index and 0 elsewhere; an index outside 0..classes-1 gives a row of zeros.
 *
 * @param indices i32 or u32, any shape.
 * @param options.dtype f32 by default.
 */
export const oneHot = lift(functions.oneHot);

/**
 * The grid that vectors span: for each of them a tensor of the grid's shape that repeats it along the other axes.
 *
 * @param options.indexing `"xy"` (the default) puts the first vector on the second axis, as columns; `"ij"` puts
 * vector i on axis i.
 */
export const meshgrid = lift(functions.meshgrid);
