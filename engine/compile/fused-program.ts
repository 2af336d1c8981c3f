import type { IndexAlgebra, IndexExpr } from "../../kernels/scalar/index-algebra.ts";
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

/** A value that lies inside a concatenation and nowhere else. */
export interface Part {
  readonly whole: GraphNode;
  /** Where an element of it lies in the whole. */
  readonly place: (at: readonly IndexExpr[], index: IndexAlgebra) => readonly IndexExpr[];
}

type Stored = Pick<FusedProgram, "owner">;

/** Whether a kernel reads a value and does not compute it: an input, or what another one stores. */
export const isRead = ({ owner }: Stored, c: Cluster, x: GraphNode): boolean =>
  isGiven(x) || (owner.has(x) && owner.get(x) !== c);

/** What a kernel computes, its members and all that they need on the spot, and what it reads for that. */
export function contentsOf(fused: Stored, c: Cluster): { computed: Set<GraphNode>; reads: Set<GraphNode> } {
  const computed = new Set(c.members);
  const reads = new Set<GraphNode>();
  const visit = (x: GraphNode): void => {
    if (computed.has(x)) return;
    if (isRead(fused, c, x)) reads.add(x);
    else {
      computed.add(x);
      x.inputs.forEach(visit);
    }
  };
  for (const m of c.members) m.inputs.forEach(visit);
  return { computed, reads };
}

/** Stored values of other kernels, and inputs, that a kernel reads. */
export const readsOf = (fused: Stored, c: Cluster): GraphNode[] => [...contentsOf(fused, c).reads];

export const isGiven = (x: GraphNode): boolean => x.stored !== null || x.primitive.lower.kind === "input";

/** What a kernel reads, with the parts of a value that is laid out in parts. */
export function sourcesOf(fused: Pick<FusedProgram, "owner" | "flats" | "parts">, c: Cluster): GraphNode[] {
  return readsOf(fused, c).flatMap((x) => partsOf(fused, x));
}

export function partsOf({ flats, parts }: Pick<FusedProgram, "flats" | "parts">, x: GraphNode): GraphNode[] {
  const laid = flats.get(x)?.segments.map((s) => s.node);
  const joined = [...parts].flatMap(([part, { whole }]) => (whole === x ? [part] : []));
  return laid ?? (joined.length > 0 ? joined : [x]);
}
