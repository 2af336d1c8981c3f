import { axisError, shapeError } from "../core/errors.ts";
import {
  broadcastShapes,
  dim,
  normalizeAxis,
  replaceAxis,
  type Shape,
  sizeOf,
  withoutAxis,
} from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { broadcastNode, castTo, constant, type Operand, ops, reshapeTo } from "../ops/build.ts";
import { checkIntegers, fromStart } from "../ops/indexing.ts";
import { method } from "./define.ts";
import { positionOn } from "./slice.ts";

/** Integer tensors, or single numbers. */
export type Index = GraphNode | number;

export interface AxisOption {
  axis?: number;
}

/** A value for a tensor of some dtype and shape: numbers take the dtype, tensors must have it or promote to it. */
function valueFor(x: GraphNode, value: Operand, shape: Shape): GraphNode {
  if (typeof value !== "object") return constant(shape, Number(value), x.dtype);
  const target = broadcastShapes(value.shape, shape);
  if (sizeOf(target) !== sizeOf(shape) || target.length !== shape.length) {
    throw shapeError({
      problem: "too many values",
      got: { value, shape },
      need: "values that broadcast",
    });
  }
  return broadcastNode(castTo(value, x.dtype), shape);
}

/** The axis that is given, or the only one. */
export function onlyAxis(x: GraphNode, { axis }: AxisOption): number {
  if (axis === undefined && x.shape.length > 1)
    throw axisError({ problem: "no axis is given", got: { x }, need: "{ axis }" });
  return normalizeAxis(axis ?? 0, x.shape.length);
}

/** The slices of x at some positions of an axis. */
export const take = method("take", (x: GraphNode, indices: Index, options: AxisOption = {}): GraphNode => {
  const axis = onlyAxis(x, options);
  if (typeof indices === "number") {
    const at = positionOn(x, axis, indices);
    return reshapeTo(ops.slice(x, axis, at, 1), withoutAxis(x.shape, axis));
  }
  checkIntegers(indices);
  const count = sizeOf(indices.shape);
  const along = ops.broadcastTo(
    ops.reshape(
      indices,
      x.shape.map((_, i) => (i === axis ? count : 1)),
    ),
    replaceAxis(x.shape, axis, count),
  );
  return reshapeTo(ops.gather(x, along, axis), [
    ...x.shape.slice(0, axis),
    ...indices.shape,
    ...x.shape.slice(axis + 1),
  ]);
});

/** Both tensors repeated to fit each other, but for `axis`. */
function alignBut(x: GraphNode, y: GraphNode, axis: number): [GraphNode, GraphNode] {
  if (x.shape.length !== y.shape.length)
    throw shapeError({ problem: "ranks differ", got: { x, indices: y } });
  const shape = broadcastShapes(replaceAxis(x.shape, axis, 1), replaceAxis(y.shape, axis, 1));
  const widen = (z: GraphNode) => ops.broadcastTo(z, replaceAxis(shape, axis, dim(z.shape, axis)));
  return [widen(x), widen(y)];
}

/** For each index the element of its own row along an axis. */
export const takeAlongAxis = method(
  "takeAlongAxis",
  (x: GraphNode, indices: GraphNode, options: AxisOption = {}): GraphNode => {
    checkIntegers(indices);
    const axis = normalizeAxis(options.axis ?? -1, x.shape.length);
    const [values, at] = alignBut(x, indices, axis);
    return ops.gather(values, at, axis);
  },
);

/** The same for indices of the very shape of the result, which may be smaller than x along the other axes. */
export const gather = method(
  "gather",
  (x: GraphNode, indices: GraphNode, options: AxisOption = {}): GraphNode => {
    checkIntegers(indices);
    const axis = normalizeAxis(options.axis ?? -1, x.shape.length);
    const corner = indices.shape.reduce<GraphNode>(
      (y, n, i) => (i === axis || n >= (x.shape[i] ?? 0) ? y : ops.slice(y, i, 0, n)),
      x,
    );
    return ops.gather(corner, indices, axis);
  },
);

/** The leading axes as one, and where in it the indices, broadcast together, point. */
function flatIndex(x: GraphNode, indices: readonly Index[]): { rows: GraphNode; at: GraphNode } {
  if (indices.length === 0 || indices.length > x.shape.length) {
    throw axisError({
      problem: `${indices.length} indices`,
      got: { x },
      need: `1 to ${x.shape.length} of them`,
    });
  }
  const nodes = indices.map((index, axis) => {
    if (typeof index === "number") return constant([], positionOn(x, axis, index), "i32");
    checkIntegers(index);
    return index.dtype === "u32" ? castTo(ops.minimum(index, 0x7fffffff), "i32") : index;
  });
  const shape = broadcastShapes(...nodes.map((i) => i.shape));
  const sizes = x.shape.slice(0, indices.length);
  const total = sizeOf(sizes);
  const rows = reshapeTo(x, [total, ...x.shape.slice(indices.length)]);
  if (nodes.length === 1) return { rows, at: nodes[0] as GraphNode };
  let at: GraphNode = constant(shape, 0, "i32");
  let inside: GraphNode = constant(shape, 1, "bool");
  nodes.forEach((index, axis) => {
    const n = dim(sizes, axis);
    const i = ops.broadcastTo(index, shape);
    const wrapped = fromStart(i, n, ops);
    inside = ops.and(inside, ops.and(ops.less(wrapped, n), ops.greater(wrapped, -1)));
    at = ops.add(ops.mul(at, n), wrapped);
  });
  // One bad index makes the whole place bad.
  return { rows, at: ops.where(inside, at, total) };
}

/** Elements, or slices, at places that integer tensors name together: one tensor for each leading axis. */
export const index = method("index", (x: GraphNode, ...indices: readonly Index[]): GraphNode => {
  const { rows, at } = flatIndex(x, indices);
  return take(rows, at, { axis: 0 });
});

const scatterAlong = (name: string, mode: "add" | "set") =>
  method(name, (x: GraphNode, indices: GraphNode, updates: Operand, options: AxisOption = {}): GraphNode => {
    checkIntegers(indices);
    const axis = normalizeAxis(options.axis ?? -1, x.shape.length);
    return ops.scatter(x, indices, valueFor(x, updates, indices.shape), axis, mode);
  });

/** x with updates added at the indices of their own rows along an axis. */
export const scatterAdd = scatterAlong("scatterAdd", "add");

/** x with updates written at the indices of their own rows along an axis; the last of equals stays. */
export const scatterSet = scatterAlong("scatterSet", "set");

const updateAt = (name: string, mode: "add" | "set") =>
  method(name, (x: GraphNode, indices: Index | readonly Index[], updates: Operand): GraphNode => {
    const list = Array.isArray(indices) ? (indices as readonly Index[]) : [indices as Index];
    const { rows, at } = flatIndex(x, list);
    const rest = rows.shape.slice(1);
    const count = sizeOf(at.shape);
    const values = valueFor(x, updates, [...at.shape, ...rest]);
    const places = ops.broadcastTo(ops.reshape(at, [count, ...rest.map(() => 1)]), [count, ...rest]);
    return reshapeTo(ops.scatter(rows, places, reshapeTo(values, [count, ...rest]), 0, mode), x.shape);
  });

/** x with updates added at the places that `index(x, ...indices)` reads. */
export const indexAdd = updateAt("indexAdd", "add");

/** x with updates written at the places that `index(x, ...indices)` reads; the last of equals stays. */
export const indexSet = updateAt("indexSet", "set");

/** x with a value wherever the mask is true. */
export const maskedFill = method("maskedFill", (x: GraphNode, mask: GraphNode, value: number | boolean) =>
  ops.where(mask, constant([], Number(value), x.dtype), x),
);
