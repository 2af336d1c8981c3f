import { type DType, dtypeOfNumber, promote } from "../core/dtype.ts";
import { asOp } from "../core/errors.ts";
import { broadcastShapes, dim, type Shape, shapesEqual } from "../core/shape.ts";
import { type Aval, checkNode, type GraphNode, makeNode } from "../ir/node.ts";
import { onHost } from "../ir/on-host.ts";
import type { AxisMap, GraphOps, Primitive } from "../ir/primitive.ts";
import { attentionRecord } from "./attention.ts";
import * as binary from "./binary.ts";
import * as contract from "./contract.ts";
import * as indexing from "./indexing.ts";
import * as movement from "./movement.ts";
import * as reduce from "./reduce.ts";
import * as scanning from "./scan.ts";
import * as source from "./source.ts";
import * as unary from "./unary.ts";

/** Anything that can stand as an operand. */
export type Operand = GraphNode | number | boolean;

export const constant = (shape: Shape, value: number, dtype: DType): GraphNode =>
  makeNode(source.full as Primitive, [], {
    shape: [...shape],
    value: dtype === "bool" ? Number(value !== 0) : Number(value),
    dtype,
  });

export function castTo(x: GraphNode, dtype: DType): GraphNode {
  return x.dtype === dtype ? x : makeNode(unary.cast as Primitive, [x], { dtype });
}

export function reshapeTo(x: GraphNode, shape: Shape): GraphNode {
  return shapesEqual(x.shape, shape)
    ? x
    : makeNode(movement.reshape as Primitive, [x], { shape: [...shape] });
}

export function broadcastNode(x: GraphNode, shape: Shape): GraphNode {
  if (shapesEqual(x.shape, shape)) return x;
  const extra = shape.length - x.shape.length;
  const aligned = extra > 0 ? reshapeTo(x, [...new Array<number>(extra).fill(1), ...x.shape]) : x;
  return shapesEqual(aligned.shape, shape)
    ? aligned
    : makeNode(movement.expand as Primitive, [aligned], { shape: [...shape] });
}

/** Operands as nodes of one dtype (unless `mixed`) and one shape. `name` is for errors outside of an op. */
export function align(operands: readonly Operand[], name = "op", mixed = false): GraphNode[] {
  const { dtype, shape } = asOp(name, () => commonAval(operands));
  return operands.map((x) => {
    if (typeof x !== "object") return constant(shape, Number(x), dtype);
    return broadcastNode(mixed ? x : castTo(x, dtype), shape);
  });
}

function commonAval(operands: readonly Operand[]): Aval {
  for (const x of operands) if (typeof x !== "number" && typeof x !== "boolean") checkNode(x);
  const nodes = operands.filter((x): x is GraphNode => typeof x === "object");
  let dtype: DType = nodes.length > 0 ? nodes.map((n) => n.dtype).reduce(promote) : "f32";
  for (const x of operands) if (typeof x !== "object") dtype = promote(dtype, dtypeOfNumber(x, dtype));
  return { dtype, shape: broadcastShapes(...nodes.map((n) => n.shape)) };
}

const unaryOp = (p: Primitive<null>) => (x: GraphNode) => makeNode(p as Primitive, [x]);
const binaryOp = (p: Primitive<null>) => (a: GraphNode, b: GraphNode | number) =>
  makeNode(p as Primitive, align([a, b], p.name));

/** Reductions over no axis are the identity; argmax and argmin over none are refused by their functions. */
const reduceOp = (p: Primitive<reduce.ReduceParams>) => (x: GraphNode, axes: readonly number[]) =>
  axes.length === 0 ? x : makeNode(p as Primitive, [x], { axes: [...axes] });

const affine = (x: GraphNode, axes: readonly AxisMap[]) =>
  makeNode(movement.affineView as Primitive, [x], { axes });

function alongAxis(x: GraphNode, axis: number, map: Partial<AxisMap> & { size: number }): GraphNode {
  const same =
    map.size === x.shape[axis] &&
    (map.factor ?? 1) === 1 &&
    (map.constant ?? 0) === 0 &&
    (map.divisor ?? 1) === 1;
  if (same) return x;
  return affine(
    x,
    x.shape.map((n, i) => (i === axis ? { ...movement.sameAxis(n), ...map } : movement.sameAxis(n))),
  );
}

/** What one kernel may join: it binds a buffer for each part, one for the result, and there are eight. */
const PARTS_OF_ONE_KERNEL = 6;

function joinAll(xs: readonly GraphNode[], axis: number): GraphNode {
  if (xs.length === 1) return xs[0] as GraphNode;
  const join = (parts: readonly GraphNode[]) => makeNode(movement.concat as Primitive, parts, { axis });
  if (xs.length <= PARTS_OF_ONE_KERNEL) return join(xs);
  const groups = Array.from({ length: Math.ceil(xs.length / PARTS_OF_ONE_KERNEL) }, (_, i) =>
    joinAll(xs.slice(i * PARTS_OF_ONE_KERNEL, (i + 1) * PARTS_OF_ONE_KERNEL), axis),
  );
  return joinAll(groups, axis);
}

/** The ops that gradients, rewrites and the public functions are written in. */
export const ops: GraphOps = {
  full: constant,
  zerosLike: (x) => constant(x.shape, 0, x.dtype),
  iota: (shape, axis) => makeNode(source.iota as Primitive, [], { shape: [...shape], axis }),
  add: binaryOp(binary.add),
  sub: binaryOp(binary.sub),
  mul: binaryOp(binary.mul),
  div: binaryOp(binary.div),
  pow: binaryOp(binary.pow),
  maximum: binaryOp(binary.maximum),
  minimum: binaryOp(binary.minimum),
  equal: binaryOp(binary.equal),
  notEqual: binaryOp(binary.notEqual),
  less: binaryOp(binary.less),
  lessEqual: binaryOp(binary.lessEqual),
  greater: (a, b) => {
    const [x, y] = align([a, b], "greater");
    return makeNode(binary.less as Primitive, [y!, x!]);
  },
  and: binaryOp(binary.and),
  neg: unaryOp(unary.neg),
  not: unaryOp(unary.not),
  sign: unaryOp(unary.sign),
  exp: unaryOp(unary.exp),
  log: unaryOp(unary.log),
  sqrt: unaryOp(unary.sqrt),
  rsqrt: unaryOp(unary.rsqrt),
  sin: unaryOp(unary.sin),
  cos: unaryOp(unary.cos),
  sinh: unaryOp(unary.sinh),
  cosh: unaryOp(unary.cosh),
  cast: castTo,
  where: (condition, a, b) => {
    const [x, y] = align([a, b], "where");
    const [c, p, q] = align([condition, x!, y!], "where", true);
    return makeNode(binary.where as Primitive, [c!, p!, q!]);
  },
  reshape: reshapeTo,
  permute: (x, axes) =>
    axes.every((a, i) => a === i) ? x : makeNode(movement.permute as Primitive, [x], { axes: [...axes] }),
  broadcastTo: broadcastNode,
  affineView: affine,
  slice: (x, axis, start, length, step = 1) =>
    alongAxis(x, axis, { factor: step, constant: start, size: length }),
  pad: (x, axis, before, after) =>
    alongAxis(x, axis, { constant: -before, size: dim(x.shape, axis) + before + after }),
  flip: (x, axis) =>
    alongAxis(x, axis, { factor: -1, constant: dim(x.shape, axis) - 1, size: dim(x.shape, axis) }),
  concat: joinAll,
  sum: reduceOp(reduce.sum),
  prod: reduceOp(reduce.prod),
  max: reduceOp(reduce.max),
  dot: (a, b, axes) => makeNode(contract.dot as Primitive, [a, b], axes),
  conv: (x, w, params) => makeNode(contract.conv as Primitive, [x, w], params),
  gather: (x, indices, axis) => makeNode(indexing.gather as Primitive, [x, indices], { axis }),
  scatter: (base, indices, updates, axis, mode) =>
    makeNode(indexing.scatter as Primitive, [base, indices, updates], { axis, mode }),
  scan: (x, axis, combine, reverse) => makeNode(scanning.scan as Primitive, [x], { axis, combine, reverse }),
};

export const { attention, composed: composedAttention } = attentionRecord(ops);

onHost.load = () => import("./on-host/all.ts").then((m) => m.installReferences(composedAttention));
