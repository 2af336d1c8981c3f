import type { DType } from "../core/dtype.ts";
import { axisError, shapeError } from "../core/errors.ts";
import { dim, listOf, type Shape } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { castTo, constant, ops } from "../ops/build.ts";
import { checkIntegers } from "../ops/indexing.ts";
import { define, method } from "./define.ts";

export interface CreationOptions {
  dtype?: DType;
}

/** Sizes, or one size for a single axis. */
export type ShapeLike = number | Shape;

export const full = define(
  "full",
  (shape: ShapeLike, value: number | boolean, options: CreationOptions = {}): GraphNode =>
    constant(listOf(shape), Number(value), options.dtype ?? (typeof value === "boolean" ? "bool" : "f32")),
);

export const zeros = define("zeros", (shape: ShapeLike, options: CreationOptions = {}) =>
  full(shape, 0, options),
);

export const ones = define("ones", (shape: ShapeLike, options: CreationOptions = {}) =>
  full(shape, 1, options),
);

/** A tensor of one value, shaped like x. */
export const fullLike = method(
  "fullLike",
  (x: GraphNode, value: number | boolean, options: CreationOptions = {}) =>
    constant(x.shape, Number(value), options.dtype ?? x.dtype),
);

/** Zeros, shaped like x. */
export const zerosLike = method("zerosLike", (x: GraphNode, options: CreationOptions = {}) =>
  fullLike(x, 0, options),
);

/** Ones, shaped like x. */
export const onesLike = method("onesLike", (x: GraphNode, options: CreationOptions = {}) =>
  fullLike(x, 1, options),
);

export const arange = define(
  "arange",
  (start: number, stop?: number, step: number = 1, options: CreationOptions = {}): GraphNode => {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    if (![from, to, step].every(Number.isFinite) || step === 0) {
      throw axisError({
        problem: "no such range",
        got: { start: from, stop: to, step },
        need: "finite numbers and a step other than 0",
      });
    }
    const length = Math.max(0, Math.ceil((to - from) / step));
    const whole = [from, to, step].every(Number.isInteger);
    const dtype = options.dtype ?? (whole ? "i32" : "f32");
    const position = ops.iota([length], 0);
    // Integers stay integers on the way, so that large ones are exact.
    const steps = whole ? position : castTo(position, "f32");
    return castTo(ops.add(ops.mul(steps, step), from), dtype);
  },
);

export const linspace = define(
  "linspace",
  (
    start: number,
    stop: number,
    count: number,
    options: CreationOptions & { endpoint?: boolean } = {},
  ): GraphNode => {
    const { endpoint = true, dtype = "f32" } = options;
    const last = endpoint ? count - 1 : count;
    const step = last > 0 ? (stop - start) / last : 0;
    const i = ops.iota([count], 0);
    const at = castTo(i, "f32");
    // Counted from the nearer end, so that both ends are exact.
    const fromStop = ops.sub(
      constant([count], stop, "f32"),
      ops.mul(ops.sub(constant([count], last, "f32"), at), step),
    );
    const fromStart = ops.add(ops.mul(at, step), start);
    return castTo(ops.where(ops.less(i, Math.max(1, Math.ceil(last / 2))), fromStart, fromStop), dtype);
  },
);

export const eye = define(
  "eye",
  (rows: number, columns: number = rows, options: CreationOptions & { k?: number } = {}): GraphNode => {
    const { k = 0, dtype = "f32" } = options;
    return castTo(onDiagonal([rows, columns], k, "equal"), dtype);
  },
);

/** Where column - row is equal to k, or at most k. */
function onDiagonal(shape: Shape, k: number, compare: "equal" | "lessEqual"): GraphNode {
  const [r, c] = [ops.iota(shape, shape.length - 2), ops.iota(shape, shape.length - 1)];
  return ops[compare](c, ops.add(r, k));
}

/** Refuses what has no two axes. */
export function checkMatrix(x: GraphNode): void {
  if (x.shape.length < 2) throw shapeError({ problem: "no matrix", got: { x }, need: "rank >= 2" });
}

/** The lower triangle of each matrix: what is above diagonal k is 0. */
export const tril = method("tril", (x: GraphNode, options: { k?: number } = {}) => {
  checkMatrix(x);
  const keep = onDiagonal(x.shape.slice(-2), options.k ?? 0, "lessEqual");
  return ops.where(keep, x, constant([], 0, x.dtype));
});

/** The upper triangle of each matrix: what is below diagonal k is 0. */
export const triu = method("triu", (x: GraphNode, options: { k?: number } = {}) => {
  checkMatrix(x);
  const drop = onDiagonal(x.shape.slice(-2), (options.k ?? 0) - 1, "lessEqual");
  return ops.where(drop, constant([], 0, x.dtype), x);
});

/** 1 at each index and 0 elsewhere, along a new last axis. */
export const oneHot = define(
  "oneHot",
  (indices: GraphNode, classes: number, options: CreationOptions = {}): GraphNode => {
    checkIntegers(indices);
    const rank = indices.shape.length;
    const shape = [...indices.shape, classes];
    const wide = ops.broadcastTo(ops.reshape(castTo(indices, "i32"), [...indices.shape, 1]), shape);
    return castTo(ops.equal(wide, ops.iota(shape, rank)), options.dtype ?? "f32");
  },
);

export const meshgrid = define(
  "meshgrid",
  (xs: readonly GraphNode[], options: { indexing?: "xy" | "ij" } = {}): GraphNode[] => {
    const { indexing = "xy" } = options;
    const bad = xs.find((x) => x.shape.length !== 1);
    if (bad) throw shapeError({ problem: "no vector", got: { x: bad }, need: "rank 1" });
    // "xy" counts columns first: the first two axes of the result change places.
    const axisOf = (i: number) => (indexing === "xy" && xs.length > 1 && i < 2 ? 1 - i : i);
    const shape = new Array<number>(xs.length);
    xs.forEach((x, i) => {
      shape[axisOf(i)] = dim(x.shape, 0);
    });
    return xs.map((x, i) =>
      ops.broadcastTo(
        ops.reshape(
          x,
          shape.map((n, a) => (a === axisOf(i) ? n : 1)),
        ),
        shape,
      ),
    );
  },
);
