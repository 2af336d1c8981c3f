import * as functions from "../functions/embedding.ts";
import { lift } from "../lift.ts";

/**
 * Rows of a table.
 *
 * @param indices Integers of any shape. Negative ones count from the end; one outside the table gives NaN.
 * @param weight `[V, D]`.
 * @param options.paddingIndex A row that gets no gradient.
 * @returns `[...indices.shape, D]`.
 * @throws {ShapeError} If `weight` is no table.
 *
 * Gradient: reaches `weight`; equal indices add up.
 *
 * Source: engine/functions/embedding.ts.
 */
export const embedding = lift(functions.embedding);
