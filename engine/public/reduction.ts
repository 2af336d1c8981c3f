import * as functions from "../functions/reduction.ts";
import { lift } from "../lift.ts";

export type {
  ArgOptions,
  NormOptions,
  ReduceOptions,
  ScanOptions,
  VarianceOptions,
} from "../functions/reduction.ts";

// `options.axis` is one axis or several, negative ones counted from the last, and by default all; `options.keepDims`
// keeps the reduced axes with size 1. An axis outside the rank or named twice is an AxisError. Long sums are taken in
// blocks, so that their rounding error stays small.

/** Sum; of booleans an i32, of nothing 0. */
export const sum = lift(functions.sum);

/** Product; of booleans an i32, of nothing 1. Gradient: exact where elements are 0. */
export const prod = lift(functions.prod);

/**
 * Largest element; NaN where there is one.
 *
 * @throws {ShapeError} If there is nothing to choose from.
 *
 * Gradient: ties share it evenly.
 */
export const max = lift(functions.max);

/** Smallest element; NaN where there is one. Otherwise as `max`. */
export const min = lift(functions.min);

/** Arithmetic mean; f32 of integers, NaN of nothing. */
export const mean = lift(functions.mean);

/**
 * Mean squared distance from the mean.
 *
 * @param options.correction The divisor is the number of elements less this: 0 (the default) for a population, 1 for
 * a sample.
 */
export const variance = lift(functions.variance);

/** Square root of the variance; options as there. Gradient: 0 where the variance is 0. */
export const std = lift(functions.std);

/** bool: any element is true, or not 0. Of nothing false. */
export const any = lift(functions.any);

/** bool: all elements are true, or not 0. Of nothing true. */
export const all = lift(functions.all);

/** i32: how many elements are true, or not 0. */
export const countNonzero = lift(functions.countNonzero);

/**
 * i32 position of the largest element along an axis: the first of equals, and the first NaN before all.
 *
 * @param options.axis Without it the position among all elements in row-major order.
 * @throws {ShapeError} If there is nothing to choose from.
 */
export const argmax = lift(functions.argmax);

/** i32 position of the smallest element; otherwise as `argmax`. */
export const argmin = lift(functions.argmin);

/**
 * Norm of the elements as one vector, `(sum |x|^ord)^(1/ord)`.
 *
 * @param options.ord 2 by default; Infinity and -Infinity give the largest and smallest size, 0 how many are not 0.
 *
 * Gradient: 0 where the norm is 0.
 */
export const norm = lift(functions.norm);

/** `log(sum(exp(x)))`, also where the exponentials would overflow; minus infinity of nothing. */
export const logSumExp = lift(functions.logSumExp);

/**
 * Running sum: element i of the result is the sum of elements 0 to i.
 *
 * @param options.axis May be left out for vectors.
 * @param options.reverse Run from the end: the sum of elements i to the last.
 */
export const cumsum = lift(functions.cumsum);

/** Running product; options as for `cumsum`. */
export const cumprod = lift(functions.cumprod);

/** Running maximum, NaN from the first NaN on; options as for `cumsum`. Gradient: the first of equals has it. */
export const cummax = lift(functions.cummax);

/** Running minimum; otherwise as `cummax`. */
export const cummin = lift(functions.cummin);
