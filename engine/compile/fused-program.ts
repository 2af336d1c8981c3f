import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import type { Program } from "./program.ts";

/** A program cut into kernels. Values between kernels are `stored`; all else is computed where it is used. */
export interface FusedProgram {
  readonly program: Program;
  readonly order: readonly GraphNode[];
  readonly clusters: readonly Cluster[];
  /** Which kernel writes each stored value. */
  readonly owner: ReadonlyMap<GraphNode, Cluster>;
}

/** The stored values that a cluster binds: those it reads, then those it writes. */
export function bindingsOf(fused: FusedProgram, c: Cluster): GraphNode[] {
  return [...readsOf(fused, c), ...c.outputs];
}

/** Stored values of other kernels, and inputs, that a cluster reads. */
export function readsOf(fused: Pick<FusedProgram, "owner" | "program">, c: Cluster): GraphNode[] {
  const reads = new Set<GraphNode>();
  const seen = new Set<GraphNode>(c.members);
  const visit = (x: GraphNode): void => {
    if (seen.has(x)) return;
    seen.add(x);
    if (isGiven(fused.program, x) || (fused.owner.has(x) && fused.owner.get(x) !== c)) reads.add(x);
    else x.inputs.forEach(visit);
  };
  for (const m of c.members) m.inputs.forEach(visit);
  return [...reads];
}

export const isGiven = (_: Program, x: GraphNode): boolean =>
  x.stored !== null || x.primitive.lower.kind === "input";
