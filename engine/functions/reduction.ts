import { isFloat } from "../core/dtype.ts";
import { dim, dropAxes, normalizeAxes, sizeAlong } from "../core/shape.ts";
import { type GraphNode, makeNode } from "../ir/node.ts";
import type { Primitive } from "../ir/primitive.ts";
import { castTo, constant, ops, reshapeTo } from "../ops/build.ts";
import * as reduce from "../ops/reduce.ts";
import { stopGradient } from "../ops/unary.ts";
import { method } from "./define.ts";
import { abs, isFinite as finite } from "./elementwise.ts";
import { onlyAxis } from "./indexing.ts";
import { toBool, toFloat, toNumber } from "./promotion.ts";

export interface ReduceOptions {
  /** Axes to reduce; all of them by default. */
  axis?: number | readonly number[];
  /** Keep reduced axes with size 1. */
  keepDims?: boolean;
}

const elementsIn = (x: GraphNode, axes: readonly number[]): number => sizeAlong(x.shape, axes);

/** `fold` keeps the reduced axes with size 1; here they are dropped where they should be. */
function reduced(
  x: GraphNode,
  { axis, keepDims = false }: ReduceOptions,
  fold: (axes: readonly number[]) => GraphNode,
): GraphNode {
  const axes = normalizeAxes(axis, x.shape.length);
  return reshapeTo(fold(axes), dropAxes(x.shape, axes, keepDims));
}

function reduction(name: string, fold: (x: GraphNode, axes: readonly number[]) => GraphNode) {
  return method(name, (x: GraphNode, options: ReduceOptions = {}) =>
    reduced(x, options, (axes) => fold(x, axes)),
  );
}

/** Sum; of booleans, how many are true. */
export const sum = reduction("sum", (x, axes) => ops.sum(toNumber(x), axes));

/** Product. */
export const prod = reduction("prod", (x, axes) => ops.prod(toNumber(x), axes));

/** Largest element; NaN where there is one. */
export const max = reduction("max", (x, axes) => ops.max(x, axes));

/** Smallest element; NaN where there is one. */
export const min = reduction("min", minimumOver);

function minimumOver(x: GraphNode, axes: readonly number[]): GraphNode {
  return axes.length === 0 ? x : makeNode(reduce.min as Primitive, [x], { axes: [...axes] });
}

/** Arithmetic mean; NaN of nothing. */
export const mean = reduction("mean", meanOver);

function meanOver(x: GraphNode, axes: readonly number[]): GraphNode {
  // Half floats are summed as f32: their sum may not fit.
  const total = ops.div(ops.sum(castTo(x, "f32"), axes), elementsIn(x, axes));
  return castTo(total, isFloat(x.dtype) ? x.dtype : "f32");
}

export interface VarianceOptions extends ReduceOptions {
  /** Taken from the number of elements in the divisor: 0 for a population, 1 for a sample. */
  correction?: number;
}

function varianceOver(x: GraphNode, axes: readonly number[], correction: number): GraphNode {
  const wide = castTo(x, "f32");
  // Centred first: mean(x * x) - mean(x) * mean(x) cancels once the mean is much larger than the spread.
  const centred = ops.sub(wide, meanOver(wide, axes));
  const total = ops.sum(ops.mul(centred, centred), axes);
  return ops.div(total, Math.max(0, elementsIn(x, axes) - correction));
}

/** Mean squared distance from the mean. */
export const variance = method("variance", (x: GraphNode, options: VarianceOptions = {}) =>
  reduced(x, options, (axes) => castTo(varianceOver(x, axes, options.correction ?? 0), toFloat(x).dtype)),
);

/** Standard deviation: the square root of the variance. */
export const std = method("std", (x: GraphNode, options: VarianceOptions = {}) =>
  reduced(x, options, (axes) =>
    castTo(rootOf(varianceOver(x, axes, options.correction ?? 0)), toFloat(x).dtype),
  ),
);

/** Square root with gradient 0 at 0. */
function rootOf(x: GraphNode): GraphNode {
  const zero = ops.equal(x, 0);
  return ops.where(zero, 0, ops.sqrt(ops.where(zero, 1, x)));
}

/** Whether any element is true (not 0). */
export const any = reduction("any", (x, axes) =>
  elementsIn(x, axes) === 0 ? constant(dropAxes(x.shape, axes, true), 0, "bool") : ops.max(toBool(x), axes),
);

/** Whether all elements are true (not 0). */
export const all = reduction("all", (x, axes) =>
  elementsIn(x, axes) === 0
    ? constant(dropAxes(x.shape, axes, true), 1, "bool")
    : minimumOver(toBool(x), axes),
);

/** How many elements are not 0. */
export const countNonzero = reduction("countNonzero", (x, axes) => ops.sum(castTo(toBool(x), "i32"), axes));

export interface ArgOptions {
  /** The axis to search; by default all of them, and the result counts elements in row-major order. */
  axis?: number;
  keepDims?: boolean;
}

const position = (name: string, primitive: Primitive<reduce.ReduceParams>) =>
  method(name, (x: GraphNode, options: ArgOptions = {}) =>
    reduced(x, options, (axes) =>
      axes.length === 0
        ? constant(x.shape, 0, "i32")
        : makeNode(primitive as Primitive, [toNumber(x)], { axes: [...axes] }),
    ),
  );

/** Position of the largest element: the first of equals, and of NaN before all. */
export const argmax = position("argmax", reduce.argmax);

/** Position of the smallest element: the first of equals, and of NaN before all. */
export const argmin = position("argmin", reduce.argmin);

export interface NormOptions extends ReduceOptions {
  /** The exponent p of (sum |x|^p)^(1/p); infinities give the extremes of |x|, 0 how many are not 0. */
  ord?: number;
}

/** The norm of the elements as one vector. */
export const norm = method("norm", (x: GraphNode, options: NormOptions = {}) => {
  const { ord = 2 } = options;
  // As f32: the squares of half floats may not fit.
  return reduced(x, options, (axes) => castTo(normOver(castTo(x, "f32"), axes, ord), toFloat(x).dtype));
});

function normOver(x: GraphNode, axes: readonly number[], ord: number): GraphNode {
  if (ord === 2) return rootOf(ops.sum(ops.mul(x, x), axes));
  if (ord === 0) return ops.sum(castTo(ops.notEqual(x, 0), x.dtype), axes);
  const size = abs(x);
  if (ord === 1) return ops.sum(size, axes);
  if (ord === Infinity) return ops.max(size, axes);
  if (ord === -Infinity) return minimumOver(size, axes);
  const total = ops.sum(ops.pow(size, ord), axes);
  // The root has no derivative at 0; there its gradient is 0.
  const zero = ops.equal(total, 0);
  return ops.where(zero, ord > 0 ? 0 : Infinity, ops.pow(ops.where(zero, 1, total), 1 / ord));
}

/** log(sum(exp(x))) without overflow. */
export const logSumExp = reduction("logSumExp", (x, axes) => {
  const y = toFloat(x);
  const shape = dropAxes(y.shape, axes, true);
  if (elementsIn(y, axes) === 0) return constant(shape, -Infinity, y.dtype);
  const top = makeNode(stopGradient as Primitive, [ops.max(y, axes)]);
  // An infinite maximum shifts nothing: inf - inf would be NaN.
  const shift = ops.where(finite(top), top, 0);
  const total = ops.sum(ops.exp(ops.sub(y, ops.broadcastTo(shift, y.shape))), axes);
  const nothing = ops.equal(total, 0);
  return ops.add(ops.where(nothing, -Infinity, ops.log(ops.where(nothing, 1, total))), shift);
});

type Combine = "sum" | "prod" | "max" | "min";

/** Scans longer than this run in blocks, side by side. */
const LONGEST_SCAN = 1024;

/** Running fold along an axis. */
function runningFold(x: GraphNode, axis: number, combine: Combine): GraphNode {
  const n = dim(x.shape, axis);
  if (n <= LONGEST_SCAN) return ops.scan(x, axis, combine, false);
  const size = 2 ** Math.ceil(Math.log2(Math.sqrt(n)));
  const count = Math.ceil(n / size);
  const cut = [...x.shape.slice(0, axis), count, size, ...x.shape.slice(axis + 1)];
  // What fills up the last block comes after all elements, so its value does not matter.
  const blocks = ops.reshape(ops.pad(x, axis, 0, count * size - n), cut);
  const within = ops.scan(blocks, axis + 1, combine, false);
  const ends = ops.slice(within, axis + 1, size - 1, 1);
  // The fold of all earlier blocks joins each block but the first.
  const before = runningFold(ops.slice(ends, axis, 0, count - 1), axis, combine);
  const later = ops.slice(within, axis, 1, count - 1);
  const joined = join(ops.broadcastTo(before, later.shape), later, combine);
  const all = ops.concat([ops.slice(within, axis, 0, 1), joined], axis);
  const flat = [...x.shape.slice(0, axis), count * size, ...x.shape.slice(axis + 1)];
  return ops.slice(ops.reshape(all, flat), axis, 0, n);
}

function join(before: GraphNode, x: GraphNode, combine: Combine): GraphNode {
  if (combine === "sum") return ops.add(before, x);
  if (combine === "prod") return ops.mul(before, x);
  // As in the scan itself, the first of equals wins, and with it the gradient. NaN wins over all.
  const wins = combine === "max" ? ops.lessEqual(x, before) : ops.lessEqual(before, x);
  const keeps = ops.not(ops.equal(before, before));
  return ops.where(ops.where(keeps, keeps, wins), before, x);
}

export interface ScanOptions {
  /** The axis to run along; may be left out where there is one only. */
  axis?: number;
  /** Run from the end to the start. */
  reverse?: boolean;
}

const running = (name: string, combine: Combine) =>
  method(name, (x: GraphNode, options: ScanOptions = {}): GraphNode => {
    const { reverse = false } = options;
    const axis = onlyAxis(x, options);
    const y = toNumber(x);
    if (dim(x.shape, axis) === 0) return y;
    if (!reverse) return runningFold(y, axis, combine);
    if (dim(x.shape, axis) <= LONGEST_SCAN) return ops.scan(y, axis, combine, true);
    return ops.flip(runningFold(ops.flip(y, axis), axis, combine), axis);
  });

/** Running sum: element i is the sum of elements 0 to i. */
export const cumsum = running("cumsum", "sum");

/** Running product. */
export const cumprod = running("cumprod", "prod");

/** Running maximum. */
export const cummax = running("cummax", "max");

/** Running minimum. */
export const cummin = running("cummin", "min");
