import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import type { Part } from "./join.ts";
import type { Program } from "./program.ts";

/** A program cut into kernels. Values between kernels are `stored`; all else is computed where it is used. */
export interface FusedProgram {
  readonly program: Program;
  readonly order: readonly GraphNode[];
  readonly clusters: readonly Cluster[];
  /** Which kernel writes each stored value. */
  readonly owner: ReadonlyMap<GraphNode, Cluster>;
  /** Results that are to be written over the input they replace. */
  readonly replaces: ReadonlyMap<GraphNode, GraphNode>;
  /** Values that stand for several laid out one behind the other. */
  readonly flats: ReadonlyMap<GraphNode, Flat>;
  /** Parts that are written into the concatenation they belong to. */
  readonly parts: ReadonlyMap<GraphNode, Part>;
}

export interface Flat {
  readonly segments: readonly Segment[];
  /** Elements from the first segment to the end of the last, padding included. */
  readonly length: number;
}

export interface Segment {
  readonly node: GraphNode;
  /** Bytes from the start of the whole. */
  readonly offset: number;
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

/** What a kernel reads, with the parts of a value that is laid out in parts. */
export function sourcesOf(
  fused: Pick<FusedProgram, "owner" | "program" | "flats" | "parts">,
  c: Cluster,
): GraphNode[] {
  return readsOf(fused, c).flatMap((x) => partsOf(fused, x));
}

export function partsOf({ flats, parts }: Pick<FusedProgram, "flats" | "parts">, x: GraphNode): GraphNode[] {
  const laid = flats.get(x)?.segments.map((s) => s.node);
  const joined = [...parts].flatMap(([part, { whole }]) => (whole === x ? [part] : []));
  return laid ?? (joined.length > 0 ? joined : [x]);
}
