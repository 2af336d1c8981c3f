import { isFloat } from "../core/dtype.ts";
import { axisError, shapeError } from "../core/errors.ts";
import {
  dim,
  dropAxes,
  normalizeAxes,
  normalizeAxis,
  otherAxes,
  shapesEqual,
  sizeOf,
} from "../core/shape.ts";
import { type GraphNode, makeNode } from "../ir/node.ts";
import type { Primitive } from "../ir/primitive.ts";
import { align, castTo, ops, reshapeTo } from "../ops/build.ts";
import { argsort as argsortPrimitive, bisect } from "../ops/indexing.ts";
import { bitNot, isNan } from "../ops/unary.ts";
import { method } from "./define.ts";
import { toFloat, toNumber } from "./promotion.ts";
import { moveAxis } from "./shape.ts";

export interface SortOptions {
  /** The last by default. */
  axis?: number;
  descending?: boolean;
}

/** x with the sort axis last, and the order of each row. */
function orderOf(x: GraphNode, { axis = -1, descending = false }: SortOptions) {
  const at = normalizeAxis(axis, x.shape.length);
  const rows = moveAxis(x, at, -1);
  const keys = toNumber(rows);
  const order = makeNode(argsortPrimitive as Primitive, [descending ? reversed(keys) : keys]);
  return { at, rows, order };
}

/** Keys in the opposite order; NaN stays last. Integers have no negative for their smallest, but an inverse. */
const reversed = (x: GraphNode): GraphNode =>
  isFloat(x.dtype) ? ops.neg(x) : makeNode(bitNot as Primitive, [x]);

/** Elements in order along an axis. */
export const sort = method("sort", (x: GraphNode, options: SortOptions = {}): GraphNode => {
  const { at, rows, order } = orderOf(x, options);
  return moveAxis(ops.gather(rows, order, rows.shape.length - 1), -1, at);
});

/** Positions of the elements in order along an axis. */
export const argsort = method("argsort", (x: GraphNode, options: SortOptions = {}): GraphNode => {
  const { at, order } = orderOf(x, options);
  return moveAxis(order, -1, at);
});

export interface TopKOptions {
  axis?: number;
  /** The largest, or the smallest. */
  largest?: boolean;
}

/** The k largest elements along an axis, in order, and their positions. */
export const topK = method("topK", (x: GraphNode, k: number, options: TopKOptions = {}) => {
  const { axis = -1, largest = true } = options;
  const { at, rows, order } = orderOf(x, { axis, descending: largest });
  const last = rows.shape.length - 1;
  if (!Number.isInteger(k) || k < 0 || k > dim(rows.shape, last)) {
    throw axisError({
      problem: `${k} elements of axis ${at}`,
      got: { x },
      need: `0 to ${dim(rows.shape, last)}`,
    });
  }
  const first = ops.slice(order, last, 0, k);
  return {
    values: moveAxis(ops.gather(rows, first, last), -1, at),
    indices: moveAxis(first, -1, at),
  };
});

/** Where values belong in sorted rows: how many elements are less than each, or, from the right, not greater. */
export const searchsorted = method(
  "searchsorted",
  (sorted: GraphNode, values: GraphNode, options: { side?: "left" | "right" } = {}): GraphNode => {
    const single = sorted.shape.length === 1;
    const fits = single || shapesEqual(sorted.shape.slice(0, -1), values.shape.slice(0, -1));
    if (sorted.shape.length === 0 || !fits) {
      throw shapeError({
        problem: "rows do not pair up",
        got: { sorted, values },
        need: "one sorted vector, or shapes equal but for the last axis",
      });
    }
    const rows = toNumber(sorted);
    const wanted = toNumber(single ? reshapeTo(values, [sizeOf(values.shape)]) : values);
    const last = rows.shape.length - 1;
    const before = (middle: GraphNode): GraphNode => {
      const found = ops.gather(rows, middle, last);
      return options.side === "right" ? ops.not(comesBefore(wanted, found)) : comesBefore(found, wanted);
    };
    return reshapeTo(bisect(dim(rows.shape, last), wanted.shape, before, ops), values.shape);
  },
);

/** a < b where NaN comes last. */
function comesBefore(a: GraphNode, b: GraphNode): GraphNode {
  const [x, y] = align([a, b]) as [GraphNode, GraphNode];
  const less = ops.less(x, y);
  if (!isFloat(x.dtype)) return less;
  const nan = (z: GraphNode) => makeNode(isNan as Primitive, [z]);
  return ops.where(nan(y), ops.not(nan(x)), less);
}

export interface QuantileOptions {
  axis?: number | readonly number[];
  keepDims?: boolean;
}

/** The value below which a part q (0 to 1) of the elements lies, between two of them by linear interpolation. */
export const quantile = method(
  "quantile",
  (x: GraphNode, q: number, options: QuantileOptions = {}): GraphNode => {
    if (!(q >= 0 && q <= 1)) throw axisError({ problem: `no quantile ${q}`, need: "0 <= q <= 1" });
    return quantileOver(x, q, options);
  },
);

/** The middle element, or the mean of the middle two. */
export const median = method(
  "median",
  (x: GraphNode, options: QuantileOptions = {}): GraphNode => quantileOver(x, 0.5, options),
);

function quantileOver(x: GraphNode, q: number, { axis, keepDims = false }: QuantileOptions) {
  const axes = normalizeAxes(axis, x.shape.length);
  const kept = otherAxes(x.shape.length, axes);
  const y = ops.permute(toFloat(x), [...kept, ...axes]);
  const n = axes.reduce((size, a) => size * dim(x.shape, a), 1);
  const shape = kept.map((a) => dim(x.shape, a));
  if (n === 0) throw shapeError({ problem: "nothing to choose from", got: { x } });
  const row = sort(reshapeTo(y, [...shape, n]));
  const last = shape.length;
  const at = q * (n - 1);
  const low = Math.floor(at);
  const pick = (i: number) => ops.slice(row, last, i, 1);
  const weight = at - low;
  const between =
    weight === 0 ? pick(low) : ops.add(ops.mul(pick(low), 1 - weight), ops.mul(pick(low + 1), weight));
  // NaN sorts last: one makes the whole row's result NaN.
  const worst = pick(n - 1);
  const result = ops.where(makeNode(isNan as Primitive, [worst]), worst, between);
  return castTo(reshapeTo(result, dropAxes(x.shape, axes, keepDims)), toFloat(x).dtype);
}
