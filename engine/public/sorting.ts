import * as functions from "../functions/sorting.ts";
import { lift } from "../lift.ts";

export type { QuantileOptions, SortOptions, TopKOptions } from "../functions/sorting.ts";

// Order is ascending and stable: equals stay as they were. NaN comes last, also in descending order.

/**
 * Elements in order along an axis.
 *
 * @param options.axis -1 by default.
 * @param options.descending false by default.
 *
 * Gradient: goes back to where each element came from.
 */
export const sort = lift(functions.sort);

/** i32 positions that would sort `x` along an axis; options as for `sort`. */
export const argsort = lift(functions.argsort);

/**
 * The `k` largest elements along an axis, the largest first, and where they stand.
 *
 * @param options.axis -1 by default.
 * @param options.largest false for the smallest, the smallest first.
 * @returns `values`, and their `indices` as i32; of equals the first come first.
 * @throws {AxisError} If the axis has fewer elements.
 *
 * Gradient: reaches `x` through the values.
 */
export const topK = lift(functions.topK);

/**
 * Where values belong in sorted rows, as i32: before how many elements they go without breaking the order.
 *
 * @param sorted A vector, or rows along the last axis, one for each row of values.
 * @param options.side `"left"` (the default) puts a value before its equals, `"right"` behind them.
 */
export const searchsorted = lift(functions.searchsorted);

/**
 * The value below which a part of the elements lies; between two elements by linear interpolation.
 *
 * @param q The part, 0 to 1.
 * @param options.axis Axes to go over; all by default.
 * @param options.keepDims Keep them with size 1.
 */
export const quantile = lift(functions.quantile);

/** The middle element, or the mean of the middle two; options as for `quantile`. */
export const median = lift(functions.median);
