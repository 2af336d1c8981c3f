import { isFloat } from "../../core/dtype.ts";
import { dim, shapesEqual, sizeOf } from "../../core/shape.ts";
import type { GraphNode } from "../../ir/node.ts";
import type { GraphOps } from "../../ir/primitive.ts";
import { constantOf } from "./constants.ts";

/** One step towards a simpler view; the same node if there is none. */
export function viewStep(node: GraphNode, o: GraphOps): GraphNode {
  const x = node.inputs[0];
  if (!x) return node;
  const { name } = node.primitive;
  const value = constantOf(x);
  const inner = x.inputs[0] as GraphNode;
  switch (name) {
    case "reshape":
    case "permute":
    case "expand":
      if (value !== null) return o.full(node.shape, value, node.dtype);
      if (name !== "permute" && shapesEqual(x.shape, node.shape)) return x;
      if (name === "reshape" && x.primitive.name === "reshape") return o.reshape(inner, node.shape);
      if (name === "expand" && x.primitive.name === "expand") return o.broadcastTo(inner, node.shape);
      if (name === "permute") return permuteStep(node, x, o);
      if (name === "reshape" && x.primitive.name === "expand") return reshapeOfExpand(node, inner, x, o);
      break;
    case "affineView":
      if (value === 0 || sizeOf(x.shape) === 0) return o.full(node.shape, 0, node.dtype);
      break;
    case "concat":
      return concatStep(node, o);
    case "gather":
      if (sizeOf(x.shape) === 0) return o.full(node.shape, isFloat(node.dtype) ? Number.NaN : 0, node.dtype);
      break;
  }
  return node;
}

/** More operands than this are joined a few at a time, as `concat` does: one kernel cannot bind them. */
const MOST_JOINED = 6;

function concatStep(node: GraphNode, o: GraphOps): GraphNode {
  const { inputs } = node;
  const { axis } = node.params as { axis: number };
  if (inputs.length > MOST_JOINED) return o.concat(inputs, axis);
  const parts = inputs.filter((x) => sizeOf(x.shape) > 0);
  return parts.length < inputs.length ? o.concat(parts, axis) : node;
}

function permuteStep(node: GraphNode, x: GraphNode, o: GraphOps): GraphNode {
  const { axes } = node.params as { axes: readonly number[] };
  if (axes.every((a, i) => a === i)) return x;
  if (x.primitive.name === "permute") {
    const inner = (x.params as { axes: readonly number[] }).axes;
    return o.permute(
      x.inputs[0] as GraphNode,
      axes.map((a) => inner[a] as number),
    );
  }
  // Moving axes of size 1 changes no order in memory.
  const kept = axes.filter((a) => dim(x.shape, a) !== 1);
  return kept.every((a, i) => i === 0 || a > (kept[i - 1] as number)) ? o.reshape(x, node.shape) : node;
}

/** reshape(expand(x)) is expand(reshape(x)) when the reshape only adds or removes axes of size 1. */
function reshapeOfExpand(node: GraphNode, source: GraphNode, expanded: GraphNode, o: GraphOps): GraphNode {
  const from = expanded.shape.map((n, i) => ({ n, i })).filter(({ n }) => n !== 1);
  const to = node.shape.map((n, i) => ({ n, i })).filter(({ n }) => n !== 1);
  if (from.length !== to.length || !from.every((f, j) => f.n === to[j]?.n)) return node;
  const shape = node.shape.map(() => 1);
  from.forEach(({ i }, j) => {
    shape[(to[j] as { i: number }).i] = dim(source.shape, i);
  });
  return o.broadcastTo(o.reshape(source, shape), node.shape);
}
