import { isFloat } from "../../core/dtype.ts";
import { dim } from "../../core/shape.ts";
import type { GraphNode } from "../../ir/node.ts";
import type { AxisMap, GraphOps } from "../../ir/primitive.ts";
import { constantOf } from "./constants.ts";

/** The same as an elementwise op by the rules of arithmetic, if one applies. */
export function byArithmetic(node: GraphNode, o: GraphOps): GraphNode | null {
  const [a, b] = node.inputs as [GraphNode, GraphNode];
  const ca = constantOf(a);
  const cb = constantOf(b);
  const float = isFloat(node.dtype);
  switch (node.primitive.name) {
    case "add":
      if (ca === 0) return b;
      if (cb === 0) return a;
      if (b.primitive.name === "neg") return o.sub(a, b.inputs[0] as GraphNode);
      return joinPadded(a, b, o);
    case "sub":
      if (cb === 0) return a;
      if (b.primitive.name === "neg") return o.add(a, b.inputs[0] as GraphNode);
      break;
    case "mul":
      if (ca === 1) return b;
      if (cb === 1) return a;
      if (ca === -1) return o.neg(b);
      if (cb === -1) return o.neg(a);
      break;
    case "div":
      if (cb === 1) return a;
      break;
    case "neg":
      if (a.primitive.name === "neg") return a.inputs[0] as GraphNode;
      break;
    case "pow":
      if (!float || cb === null) break;
      if (cb === 1) return a;
      if (cb === 2) return o.mul(a, a);
      if (cb === 3) return o.mul(o.mul(a, a), a);
      if (cb === -1) return o.div(o.full(a.shape, 1, a.dtype), a);
      break;
    case "where": {
      const condition = constantOf(a);
      if (condition !== null) return node.inputs[condition ? 1 : 2] as GraphNode;
      if (node.inputs[1] === node.inputs[2]) return b;
      break;
    }
    case "cast":
      if (a.dtype === node.dtype) return a;
      break;
  }
  return null;
}

/** What `x` pads with zeros, along one axis, and how many stand before it. */
function paddedBy(x: GraphNode): { inner: GraphNode; axis: number; before: number; after: number } | null {
  if (x.primitive.name !== "affineView") return null;
  const inner = x.inputs[0] as GraphNode;
  const { axes } = x.params as { axes: readonly AxisMap[] };
  const moved = axes.flatMap((a, i) => (a.constant !== 0 || a.size !== dim(inner.shape, i) ? [i] : []));
  const axis = moved[0] as number;
  if (moved.length !== 1 || axes.some((a) => a.factor !== 1 || a.divisor !== 1 || a.skew !== 0)) return null;
  const before = -dim(
    axes.map((a) => a.constant),
    axis,
  );
  const after = dim(x.shape, axis) - dim(inner.shape, axis) - before;
  return before >= 0 && after >= 0 ? { inner, axis, before, after } : null;
}

/** pad(a) + pad(b) = pad(concat(a, b)) where one begins at the position at which the other ends. */
function joinPadded(a: GraphNode, b: GraphNode, o: GraphOps): GraphNode | null {
  const [p, q] = [paddedBy(a), paddedBy(b)];
  if (!p || !q || p.axis !== q.axis) return null;
  const { axis } = p;
  const [left, right] = p.before < q.before ? [p, q] : [q, p];
  if (left.before + dim(left.inner.shape, axis) !== right.before) return null;
  const parts = [left, right].flatMap(({ inner }) => {
    const joined = inner.primitive.name === "concat" && (inner.params as { axis: number }).axis === axis;
    return joined ? inner.inputs : [inner];
  });
  return o.pad(o.concat(parts, axis), axis, left.before, right.after);
}
