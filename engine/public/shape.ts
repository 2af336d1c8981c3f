import * as padding from "../functions/pad.ts";
import * as functions from "../functions/shape.ts";
import * as slicing from "../functions/slice.ts";
import { lift } from "../lift.ts";

export type { PadOptions, PadWidth, PadWidths } from "../functions/pad.ts";
export type { DiagonalOptions } from "../functions/shape.ts";
export type { SliceSpec } from "../functions/slice.ts";

// Negative axes count from the last. Unless something else is said, the results are views: they cost no copy, the
// kernels that use them read from where they point.

/**
 * The same values in row-major order under another shape.
 *
 * @param shape Sizes; one may be -1 and is worked out from the others.
 * @throws {ShapeError} If the numbers of elements differ.
 */
export const reshape = lift(functions.reshape);

/** Axis `i` of the result is axis `axes[i]` of `x`. Every axis must be named once. */
export const permute = lift(functions.permute);

/** Two axes in each other's place; by default the last two, which transposes matrices. */
export const transpose = lift(functions.transpose);

/** Two axes in each other's place. */
export const swapAxes = lift(functions.swapAxes);

/** Axis `source[i]` becomes axis `destination[i]`; the others keep their order. */
export const moveAxis = lift(functions.moveAxis);

/**
 * `x` repeated along its axes of size 1, and along new axes in front, up to a shape.
 *
 * @param shape Sizes; -1 keeps the size of `x`.
 * @throws {ShapeError} If `x` does not broadcast to it.
 *
 * Gradient: summed over what was repeated.
 */
export const broadcastTo = lift(functions.broadcastTo);

/** The same as `broadcastTo`, by PyTorch's name. */
export const expand = lift(functions.expand);

/** All tensors in the shape that they broadcast to. */
export const broadcastArrays = lift(functions.broadcastArrays);

/** Axes of size 1 put in; `axis`, one or several, counts in the result. */
export const expandDims = lift(functions.expandDims);

/** The same as `expandDims`, by PyTorch's name. */
export const unsqueeze = lift(functions.unsqueeze);

/**
 * Axes of size 1 left out: those named, or all there are.
 *
 * @throws {ShapeError} If a named axis is of another size.
 */
export const squeeze = lift(functions.squeeze);

/** Axes `start` to `end`, both included and by default all, as one. */
export const flatten = lift(functions.flatten);

/**
 * Tensors one after the other along an existing axis. Their dtypes promote.
 *
 * @param options.axis 0 by default.
 * @throws {ShapeError} If they differ in another axis.
 */
export const concat = lift(functions.concat);

/** Tensors of one shape side by side along a new axis, `options.axis` of the result and 0 by default. */
export const stack = lift(functions.stack);

/**
 * Pieces of `x` along an axis.
 *
 * @param sizes Sizes of the pieces, which add up to the axis; or a number of equal pieces, which divides it.
 * @param options.axis 0 by default.
 */
export const split = lift(functions.split);

/** At most `count` pieces along `options.axis`: all of one size but for the last, which may be smaller. */
export const chunk = lift(functions.chunk);

/** The slices of `x` along `options.axis` (0 by default), without that axis. */
export const unstack = lift(functions.unstack);

/** The order along `axis`, one or several and by default all, turned round. */
export const flip = lift(functions.flip);

/**
 * Differences of neighbours: `out[i] = x[i + 1] - x[i]`, booleans counted as i32.
 *
 * @param options.n How many times over. Default 1.
 * @param options.axis -1 by default.
 */
export const diff = lift(functions.diff);

/**
 * Elements moved along axes by `shift` places; those pushed over the end come in at the start.
 *
 * @param options.axis One or several; without it `x` is rolled as if it were flat.
 */
export const roll = lift(functions.roll);

/** All of `x` repeated along its axes; missing counts are 1, further ones put axes in front. */
export const tile = lift(functions.tile);

/** Each element `repeats` times along `options.axis`; without one `x` counts as flat. */
export const repeat = lift(functions.repeat);

/**
 * The diagonals of the matrices in two axes, as a new last axis.
 *
 * @param options.offset Number of the diagonal: positive ones lie above the main one.
 * @param options.axis1 Axis of the rows, -2 by default.
 * @param options.axis2 Axis of the columns, -1 by default.
 */
export const diagonal = lift(functions.diagonal);

/** The sum of a diagonal; options as for `diagonal`. */
export const trace = lift(functions.trace);

/**
 * Part of a tensor: for each axis a position, which drops the axis, a range `[start, stop, step]`, or null for all of it.
 * Missing specifications are null; so may be start, stop and step. Negative positions count from the end, negative
 * steps go backwards, and what of a range lies outside is cut off, as in Python.
 *
 * @throws {AxisError} If a position lies outside, or a step is 0.
 *
 * @example Every other column of the last row, backwards
 *   slice(x, -1, [null, null, -2]); // x[-1, ::-2]
 */
export const slice = lift(slicing.slice);

/**
 * Elements put around a tensor.
 *
 * @param widths `[before, after]` for each axis, or for those named: `{ [-1]: [1, 1] }`. In mode "constant" they may be
 * negative, which cuts off.
 * @param options.mode "constant" (the default); "reflect", mirrored at the outermost element, which is not repeated;
 * "replicate", that element again; "circular", from the other end.
 * @param options.value What mode "constant" puts there, 0 by default.
 * @throws {ShapeError} If an axis is too short to be reflected or to go round that far.
 */
export const pad = lift(padding.pad);
