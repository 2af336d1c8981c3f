import { dim, sizeAlong } from "../../core/shape.ts";
import { GraphNode } from "../../ir/node.ts";
import type { GraphOps } from "../../ir/primitive.ts";
import { constantOf, roundTo } from "./constants.ts";

/** One step towards a simpler reduction; the same node if there is none. */
export function reduceStep(node: GraphNode, o: GraphOps): GraphNode {
  const x = node.inputs[0] as GraphNode;
  const { axes } = node.params as { axes: readonly number[] };
  const { name } = node.primitive;
  const count = sizeAlong(x.shape, axes);
  const index = name === "argmax" || name === "argmin";
  if (count === 0) return o.full(node.shape, name === "prod" ? 1 : 0, node.dtype);
  const wide = axes.filter((a) => dim(x.shape, a) !== 1);
  if (wide.length === 0) return index ? o.full(node.shape, 0, "i32") : x;
  if (!index && wide.length < axes.length)
    return new GraphNode(node.primitive, [x], { axes: wide }, node, node.op);
  const value = constantOf(x);
  if (value !== null && name === "sum")
    return o.full(node.shape, roundTo(value * count, node.dtype), node.dtype);
  if (value !== null && (name === "max" || name === "min")) return o.full(node.shape, value, node.dtype);
  if (x.primitive.name === "expand" && name === "sum") {
    const source = x.inputs[0] as GraphNode;
    const repeated = axes.filter((a) => dim(source.shape, a) === 1);
    if (repeated.length === 0) return node;
    // Repeated values: sum what differs, multiply by how often it stands there.
    const rest = axes.filter((a) => !repeated.includes(a));
    const factor = sizeAlong(x.shape, repeated);
    const narrow = x.shape.map((n, a) => (repeated.includes(a) ? 1 : n));
    return o.mul(o.sum(o.broadcastTo(source, narrow), rest), factor);
  }
  return node;
}
