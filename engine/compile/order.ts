import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { type FusedProgram, readsOf } from "./fused-program.ts";

/** Pass: kernels in an order in which each finds its operands, as near to the program's own order as that allows. */
export function orderKernels(fused: FusedProgram): FusedProgram {
  const place = new Map<GraphNode, number>(fused.order.map((x, i) => [x, i]));
  const rank = new Map(
    fused.clusters.map((c) => [c, Math.max(...c.members.map((m) => place.get(m) as number))]),
  );
  const waiting = new Map<Cluster, number>();
  const next = new Map<Cluster, Cluster[]>();
  for (const c of fused.clusters) {
    const needs = new Set(readsOf(fused, c).map((x) => fused.owner.get(x)));
    needs.delete(undefined);
    waiting.set(c, needs.size);
    for (const n of needs) next.set(n as Cluster, [...(next.get(n as Cluster) ?? []), c]);
  }
  const byRank = (a: Cluster, b: Cluster) => (rank.get(b) as number) - (rank.get(a) as number);
  const ready = fused.clusters.filter((c) => waiting.get(c) === 0).sort(byRank);
  const ordered: Cluster[] = [];
  while (ready.length > 0) {
    const c = ready.pop() as Cluster;
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
  if (ordered.length < fused.clusters.length) throw new Error("order: kernels wait for each other");
  return { ...fused, clusters: ordered };
}
