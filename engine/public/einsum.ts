import { einsum as onNodes } from "../functions/einsum.ts";
import { lift } from "../lift.ts";

/**
 * Sums of products, by Einstein's convention.
 *
 * Axes of one letter are multiplied element by element, and summed if the letter is not in the result. A letter twice in
 * one operand means its diagonal. `...` stands for axes that broadcast. Without `->` the result has the letters that occur
 * once, in alphabetical order, after the axes of the ellipsis. Operands are taken in from left to right.
 *
 * @param spec Such as `"bhid,bhjd->bhij"`.
 * @param operands As many tensors as there are lists of letters; axes of size 1 broadcast.
 * @throws {AxisError} If the spec is malformed.
 * @throws {ShapeError} If it does not fit the operands.
 *
 * Gradient: reaches all operands.
 *
 * @example
 *   einsum("ii", tensor([[1, 2], [3, 4]])); // 5, the trace
 *
 * Source: engine/functions/einsum.ts.
 */
export const einsum = lift(onNodes);
