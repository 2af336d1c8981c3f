import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { type FusedProgram, partsOf, sourcesOf } from "./fused-program.ts";
import { overwritten } from "./in-place.ts";

/** Thrown when values cannot be written over those they replace, because others still need the old ones. */
export class StillNeeded extends Error {
  readonly results: readonly GraphNode[];
  constructor(results: readonly GraphNode[]) {
    super("order: an old value is needed after its successor is written");
    this.results = results;
  }
}

/**
 * Pass: kernels in an order in which each finds its operands, and reads an old value before it is overwritten; as
 * near to the program's own order as that allows, but for those that give back more memory than they take, which come
 * as early as they can.
 *
 * @throws {StillNeeded} If there is none; the plan is then made again without the replacements that are to blame.
 */
export function orderKernels(fused: FusedProgram): FusedProgram {
  const place = new Map<GraphNode, number>(fused.order.map((x, i) => [x, i]));
  const rank = new Map(
    fused.clusters.map((c) => [c, Math.max(...c.members.map((m) => place.get(m) as number))]),
  );
  const { waiting, next } = dependencies(fused);
  const byRank = (a: Cluster, b: Cluster) => (rank.get(b) as number) - (rank.get(a) as number);
  const ready = fused.clusters.filter((c) => waiting.get(c) === 0).sort(byRank);
  const ordered: Cluster[] = [];
  const memory = new Memory(fused);
  while (ready.length > 0) {
    const [c] = ready.splice(memory.mostFreeing(ready), 1) as [Cluster];
    memory.run(c);
    ordered.push(c);
    for (const n of next.get(c) ?? []) {
      const left = (waiting.get(n) as number) - 1;
      waiting.set(n, left);
      if (left > 0) continue;
      let at = ready.length;
      while (at > 0 && byRank(n, ready[at - 1] as Cluster) < 0) at--;
      ready.splice(at, 0, n);
    }
  }
  if (ordered.length < fused.clusters.length) {
    const stuck = fused.clusters.filter((c) => (waiting.get(c) as number) > 0);
    const results = stuck.flatMap((c) => [...overwritten(fused, c).keys()].flatMap((x) => partsOf(fused, x)));
    if (results.length === 0) throw new Error("order: kernels wait for each other");
    throw new StillNeeded(results);
  }
  return { ...fused, clusters: ordered };
}

/** What runs of kernels do to the memory for intermediate results. */
class Memory {
  /** Kernels that are still to read each intermediate result. */
  private readonly readers = new Map<GraphNode, number>();
  private readonly sources = new Map<Cluster, readonly GraphNode[]>();

  constructor(fused: FusedProgram) {
    const kept = new Set(fused.program.outputs);
    for (const c of fused.clusters) {
      const sources = [...new Set(sourcesOf(fused, c))].filter((x) => fused.owner.has(x) && !kept.has(x));
      this.sources.set(c, sources);
      for (const x of sources) this.readers.set(x, (this.readers.get(x) ?? 0) + 1);
    }
  }

  /** The kernel that gives back the most beyond what it takes; the last of the list if none gives back any. */
  mostFreeing(ready: readonly Cluster[]): number {
    let best = ready.length - 1;
    let most = 0;
    ready.forEach((c, i) => {
      const gain = this.gain(c);
      if (gain > most) [best, most] = [i, gain];
    });
    return best;
  }

  run(c: Cluster): void {
    for (const x of this.sources.get(c) as GraphNode[])
      this.readers.set(x, (this.readers.get(x) as number) - 1);
  }

  private gain(c: Cluster): number {
    let gain = 0;
    for (const x of this.sources.get(c) as GraphNode[])
      gain += sizeOf(x.shape) / (this.readers.get(x) as number);
    if (gain > 0) for (const x of c.outputs) if (this.readers.has(x)) gain -= sizeOf(x.shape);
    return gain;
  }
}

/** How many kernels each waits for, and which wait for it. */
function dependencies(fused: FusedProgram): {
  waiting: Map<Cluster, number>;
  next: Map<Cluster, Set<Cluster>>;
} {
  const next = new Map<Cluster, Set<Cluster>>(fused.clusters.map((c) => [c, new Set()]));
  const readers = new Map<GraphNode, Cluster[]>();
  for (const c of fused.clusters) {
    for (const x of sourcesOf(fused, c)) {
      const owner = fused.owner.get(x);
      if (owner) next.get(owner)?.add(c);
      readers.set(x, [...(readers.get(x) ?? []), c]);
    }
  }
  for (const c of fused.clusters) {
    for (const old of overwritten(fused, c).values()) {
      for (const part of partsOf(fused, old)) {
        for (const reader of readers.get(part) ?? []) if (reader !== c) next.get(reader)?.add(c);
      }
    }
  }
  const waiting = new Map<Cluster, number>(fused.clusters.map((c) => [c, 0]));
  for (const list of next.values()) for (const c of list) waiting.set(c, (waiting.get(c) as number) + 1);
  return { waiting, next };
}
