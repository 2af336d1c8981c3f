import { dim, shapesEqual, sizeOf } from "../core/shape.ts";
import { GraphNode } from "../ir/node.ts";
import type { GraphOps } from "../ir/primitive.ts";
import { type Program, paramsText } from "./program.ts";
import { rebuild } from "./rebuild.ts";
import { constantOf, foldConstants } from "./simplify/constants.ts";
import { byArithmetic } from "./simplify/elementwise.ts";
import { reduceStep } from "./simplify/reduce.ts";
import { viewStep } from "./simplify/views.ts";

/**
 * Pass: removes what need not be computed. Equal nodes become one, constants are folded, views of views become one
 * view, and whatever is computed from broadcast operands alone is computed before the broadcast.
 */
export function simplify(program: Program, o: GraphOps): Program {
  const known = new Map<string, GraphNode>();
  const unique = (node: GraphNode): GraphNode => {
    if (node.primitive.lower.kind === "input") return node;
    const key = `${node.primitive.name}(${node.inputs.map((x) => x.id).join(",")})${paramsText(node)}`;
    const found = known.get(key);
    if (found) return found;
    known.set(key, node);
    return node;
  };
  const merged = rebuild(program, (node) => unique(improve(node, o)));
  // Tags have kept recomputed values apart from the originals; from here on they are only in the way.
  return rebuild(merged, (node) =>
    node.primitive.name === "identity" || node.primitive.name === "stopGradient"
      ? (node.inputs[0] as GraphNode)
      : node,
  );
}

/** Improves one node until no rule applies. */
function improve(node: GraphNode, o: GraphOps): GraphNode {
  for (let i = 0; i < 20; i++) {
    const next = step(node, o);
    if (next === node) return node;
    node = next;
  }
  return node;
}

function step(node: GraphNode, o: GraphOps): GraphNode {
  const { lower, name } = node.primitive;
  if (lower.kind === "input" || name === "full") return node;
  if (sizeOf(node.shape) === 0) return o.full(node.shape, 0, node.dtype);
  if (lower.kind === "elementwise") {
    const simpler = foldConstants(node, o) ?? byArithmetic(node, o);
    return simpler ?? (lower.cost > 0 ? computeBeforeBroadcast(node, o) : node);
  }
  if (lower.kind === "reduce") return reduceStep(node, o);
  if (name === "dot" && node.inputs.some((x) => sizeOf(x.shape) === 0 || constantOf(x) === 0)) {
    return node.inputs.every((x) => finiteOrEmpty(x)) ? o.full(node.shape, 0, node.dtype) : node;
  }
  return viewStep(node, o);
}

const finiteOrEmpty = (x: GraphNode): boolean =>
  sizeOf(x.shape) === 0 || Number.isFinite(constantOf(x) ?? Number.NaN);

/** f(expand(a), expand(b)) = expand(f(a, b)) when that is less work. */
function computeBeforeBroadcast(node: GraphNode, o: GraphOps): GraphNode {
  let narrow: number[] | null = null;
  for (const x of node.inputs) {
    if (x.primitive.name === "full") continue;
    if (x.primitive.name !== "expand") return node;
    const source = (x.inputs[0] as GraphNode).shape;
    narrow = narrow ? narrow.map((n, i) => Math.max(n, dim(source, i))) : [...source];
  }
  if (!narrow || shapesEqual(narrow, node.shape)) return node;
  const shape = narrow;
  const sources = node.inputs.map((x) =>
    x.primitive.name === "full"
      ? o.full(shape, constantOf(x) as number, x.dtype)
      : o.broadcastTo(x.inputs[0] as GraphNode, shape),
  );
  const small = new GraphNode(node.primitive, sources, node.params, { dtype: node.dtype, shape }, node.op);
  return o.broadcastTo(improve(small, o), node.shape);
}
