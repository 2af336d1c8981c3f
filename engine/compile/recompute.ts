import { bufferBytes } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import { GraphNode, topologicalOrder } from "../ir/node.ts";
import { cheapestReads } from "./cut.ts";
import { isGiven } from "./fused-program.ts";
import type { Program } from "./program.ts";
import { rebuild } from "./rebuild.ts";

/** A value that is wanted again after so many contractions and reductions, one behind the other, is old by then. */
const OLD = 8;
/** Fewer elements are kept whatever becomes of them. */
const FEW = 4096;
/** Large operands from which a value may be computed again, and the work for each of its elements. */
const MOST_OPERANDS = 2;
const MOST_WORK = 120;

export interface Recomputed {
  readonly program: Program;
  /** Nodes that compute old values again, and which: not for the kernels that made what they read. */
  readonly again: ReadonlyMap<GraphNode, GraphNode>;
  /** What they are computed from. */
  readonly saved: ReadonlySet<GraphNode>;
  /** What reads old values, or such that are computed again: a good place to have them anew. */
  readonly late: ReadonlySet<GraphNode>;
}

/**
 * Pass: what the backward pass wants of the forward pass is computed again, by elementwise work, from as few bytes as
 * have to be kept: the normalised rows of a layer norm, but not their scaled and shifted form too; what GELU is applied
 * to, but not its result nor the terms of its derivative. But the values of `keep` stay.
 */
export function recomputeOld(program: Program, keep: ReadonlySet<GraphNode>): Recomputed {
  const order = topologicalOrder(program.outputs);
  const light = (x: GraphNode): boolean => {
    const { lower } = x.primitive;
    return (
      !isGiven(program, x) &&
      (lower.kind === "elementwise" || (lower.kind === "inline" && lower.form === "view"))
    );
  };
  // How many contractions and reductions stand above a node, one behind the other; and above its operands.
  const depths = new Map<GraphNode, number>();
  const start = (x: GraphNode): number => x.inputs.reduce((d, y) => Math.max(d, depths.get(y) as number), 0);
  const isLarge = (x: GraphNode) => light(x) && sizeOf(x.shape) > FEW && depths.get(x) !== 0;
  const isOld = (x: GraphNode, from: number) => isLarge(x) && from - (depths.get(x) as number) > OLD;
  const old = new Set<GraphNode>();
  for (const x of order) {
    const given = isGiven(program, x) || x.inputs.length === 0;
    const from = given ? 0 : start(x);
    if (!given) for (const y of x.inputs) if (isOld(y, from)) old.add(y);
    depths.set(x, from + (given || light(x) ? 0 : 1));
  }
  const again = new Map<GraphNode, GraphNode>();
  const saved = new Set<GraphNode>();
  const late = new Set<GraphNode>();
  if (old.size === 0) return { program, again, saved, late };
  const inputsOf = (x: GraphNode) => (isLarge(x) ? x.inputs : null);
  const kept = cheapestReads(old, {
    price: (x) => (depths.get(x) === 0 ? 0 : bufferBytes(x.dtype, sizeOf(x.shape))),
    from: inputsOf,
  });
  for (const x of keep) kept.add(x);
  for (const x of order) {
    if (!old.has(x)) continue;
    let work = 0;
    let operands = 0;
    const reached = new Set([x]);
    for (const y of reached) {
      const { lower } = y.primitive;
      if (isGiven(program, y) || (depths.get(y) !== 0 && (kept.has(y) || !isLarge(y)))) {
        if (4 * sizeOf(y.shape) >= sizeOf(x.shape)) operands++;
      } else {
        if (lower.kind === "elementwise") work += lower.cost;
        for (const z of y.inputs) reached.add(z);
      }
    }
    if (operands > MOST_OPERANDS || work > MOST_WORK) kept.add(x);
  }
  const made = new Map<GraphNode, GraphNode>(program.inputs.map((x) => [x, x]));
  const copies = new Map<GraphNode, GraphNode>();
  const copy = (x: GraphNode): GraphNode => {
    const inputs = kept.has(x) ? null : inputsOf(x);
    if (!inputs) {
      const source = made.get(x) as GraphNode;
      if (depths.get(x) !== 0) saved.add(source);
      return source;
    }
    const known = copies.get(x);
    if (known) return known;
    const fresh = new GraphNode(x.primitive, inputs.map(copy), x.params, x, x.op);
    copies.set(x, fresh);
    again.set(fresh, x);
    return fresh;
  };
  const rebuilt = rebuild(program, (node, inputs) => {
    const from = start(node);
    const fresh = node.inputs.map((x, i) => (isOld(x, from) ? copy(x) : (inputs[i] as GraphNode)));
    const same = fresh.every((x, i) => x === node.inputs[i]);
    const result = same ? node : new GraphNode(node.primitive, fresh, node.params, node, node.op);
    made.set(node, result);
    if (node.inputs.some((x) => isOld(x, from))) late.add(result);
    return result;
  });
  return { program: rebuilt, again, saved, late };
}
