import type { IndexExpr } from "../../kernels/scalar/index-algebra.ts";
import { sameIndex } from "../../kernels/scalar/index-algebra.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { type FusedProgram, isGiven, readsOf } from "./fused-program.ts";

/** Results that replace an input, and the input that each replaces. */
export type Replacements = ReadonlyMap<GraphNode, GraphNode>;

/**
 * The results of a kernel that it writes straight over the values they replace. If the kernel reads those, then only
 * the element that the same thread is about to write.
 */
export function overwritten(
  fused: Pick<FusedProgram, "owner" | "program" | "replaces">,
  c: Cluster,
): Map<GraphNode, GraphNode> {
  if (c.bundled) return new Map(c.bundled.flatMap((part) => [...overwritten(fused, part)]));
  const result = new Map<GraphNode, GraphNode>();
  if (c.kind === "scan" || c.kind === "sort" || c.kind === "attention") return result;
  const reads = readsOf(fused, c);
  for (const x of c.outputs) {
    const old = fused.replaces.get(x);
    if (old && (!reads.includes(old) || readsAtOwnElement(fused, c, x, old))) result.set(x, old);
  }
  return result;
}

/** The buffers that a kernel binds: what it reads, then what it writes somewhere else. */
export function bindingsOf(
  fused: Pick<FusedProgram, "owner" | "program" | "replaces">,
  c: Cluster,
): GraphNode[] {
  const over = overwritten(fused, c);
  const reads = readsOf(fused, c);
  return [...reads, ...c.outputs.filter((x) => !reads.includes(over.get(x) as GraphNode))];
}

function readsAtOwnElement(
  fused: Pick<FusedProgram, "owner" | "program">,
  c: Cluster,
  x: GraphNode,
  old: GraphNode,
): boolean {
  const frame = c.frames.get(x);
  if (!frame) return false;
  // Whatever is not on an elementwise path from a member at the same position reads it elsewhere.
  const seen = new Map<GraphNode, boolean>();
  const visit = (y: GraphNode, same: boolean): boolean => {
    if (y === old) return same;
    const before = seen.get(y);
    if (before !== undefined && (before === same || !before)) return true;
    seen.set(y, same);
    if (
      isGiven(fused.program, y) ||
      (fused.owner.has(y) && fused.owner.get(y) !== c) ||
      c.members.includes(y)
    )
      return true;
    return y.inputs.every((z) => visit(z, same && y.primitive.lower.kind === "elementwise"));
  };
  return c.members.every((m) => {
    const mine = c.frames.get(m);
    const here =
      m.primitive.lower.kind === "elementwise" &&
      !c.heroes.includes(m) &&
      mine !== undefined &&
      samePosition(mine, frame);
    return m.inputs.every((y) => visit(y, here));
  });
}

const samePosition = (a: readonly IndexExpr[], b: readonly IndexExpr[]): boolean =>
  a.length === b.length && a.every((e, i) => sameIndex(e, b[i] as IndexExpr));
