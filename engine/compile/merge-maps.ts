import type { Profile } from "../core/profile.ts";
import { shapesEqual, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { type Cluster, mapCluster } from "./cluster.ts";
import { contentsOf, type FusedProgram, readsOf } from "./fused-program.ts";
import { bindingsOf, readsInPlace } from "./in-place.ts";
import { LONGEST_EXPRESSION } from "./tiles.ts";

/** Elementwise kernels of so few elements share one launch even if they share no operand. */
const TINY = 4;

/** Where a node stands in the order of the program. */
type Places = ReadonlyMap<GraphNode, number>;

interface MergeOptions {
  readonly profile: Profile;
  /** Nodes that compute again what others have computed long before. */
  readonly again: ReadonlyMap<GraphNode, GraphNode>;
}

/**
 * Merges elementwise kernels over one shape: a result that another one reads at its own position stays in a register,
 * and operands that several read are read once.
 */
export function mergeMaps(fused: FusedProgram, options: MergeOptions): FusedProgram {
  const owner = new Map(fused.owner);
  const place: Places = new Map(fused.order.map((x, i) => [x, i]));
  const maps = fused.clusters.filter((c) => c.kind === "map");
  const known = new Map<Cluster, GraphNode[]>();
  const reads = (c: Cluster): GraphNode[] => {
    const list = known.get(c) ?? readsOf({ owner }, c);
    known.set(c, list);
    return list;
  };
  for (let i = 0; i < maps.length; i++) {
    for (let j = i + 1; j < maps.length; j++) {
      const merged = tryMerge(fused, owner, reads, maps[i] as Cluster, maps[j] as Cluster, place, options);
      if (!merged) continue;
      for (const x of merged.members) owner.delete(x);
      for (const x of merged.outputs) owner.set(x, merged);
      maps[i] = merged;
      maps.splice(j, 1);
      j = i;
    }
  }
  return { ...fused, clusters: [...fused.clusters.filter((c) => c.kind !== "map"), ...maps], owner };
}

function tryMerge(
  fused: FusedProgram,
  owner: ReadonlyMap<GraphNode, Cluster>,
  readsOfOne: (c: Cluster) => GraphNode[],
  a: Cluster,
  b: Cluster,
  place: Places,
  { profile, again }: MergeOptions,
): Cluster | null {
  if (!shapesEqual(a.domain, b.domain)) return null;
  // What is computed again is not for the kernel that has it the first time.
  if (a.outputs.some((x) => again.has(x)) !== b.outputs.some((x) => again.has(x))) return null;
  const scope = { owner };
  const readsA = readsOfOne(a);
  const readsB = readsOfOne(b);
  const related =
    readsA.some((x) => readsB.includes(x) && sizeOf(x.shape) > 1) ||
    readsA.some((x) => owner.get(x) === b) ||
    readsB.some((x) => owner.get(x) === a) ||
    sizeOf(a.domain) <= TINY;
  if (!related) return null;
  // Updates are left to be laid one behind the other.
  const apart = ![...readsA, ...readsB].some((x) => owner.get(x) === a || owner.get(x) === b);
  if (apart && [a, b].every((c) => c.outputs.some((x) => fused.replaces.has(x)))) return null;
  const reads = new Set([...readsA, ...readsB].filter((x) => owner.get(x) !== a && owner.get(x) !== b));
  const outputs = [...a.outputs, ...b.outputs].filter((x) => !reads.has(fused.replaces.get(x) as GraphNode));
  if (reads.size + outputs.length > profile.maxBindings) return null;
  const [inA, inB] = [contentsOf(scope, a).computed, contentsOf(scope, b).computed];
  if (inA.size + inB.size > LONGEST_EXPRESSION) return null;
  if (!readsInPlace(scope, a, { isTarget: (x) => b.members.includes(x) })) return null;
  if (!readsInPlace(scope, b, { isTarget: (x) => a.members.includes(x) })) return null;
  if (dependsThroughOthers(readsOfOne, owner, a, b) || dependsThroughOthers(readsOfOne, owner, b, a))
    return null;
  const merged = merge(place, a, b);
  // A value that is read at other positions too is not written over after all.
  return bindingsOf({ ...scope, replaces: fused.replaces }, merged).length > profile.maxBindings
    ? null
    : merged;
}

function merge(place: Places, a: Cluster, b: Cluster): Cluster {
  const c = mapCluster(a.domain);
  const members = [...a.members, ...b.members].sort(
    (x, y) => (place.get(x) as number) - (place.get(y) as number),
  );
  for (const m of members) {
    c.members.push(m);
    c.frames.set(m, c.element);
  }
  c.outputs = [...a.outputs, ...b.outputs].sort(
    (x, y) => (place.get(x) as number) - (place.get(y) as number),
  );
  return c;
}

/** Whether a third kernel stands between: it reads from `writer` and `reader` reads from it. */
function dependsThroughOthers(
  readsOfOne: (c: Cluster) => GraphNode[],
  owner: ReadonlyMap<GraphNode, Cluster>,
  writer: Cluster,
  reader: Cluster,
): boolean {
  const seen = new Set<Cluster>([reader]);
  const stack = readsOfOne(reader)
    .map((x) => owner.get(x))
    .filter((c): c is Cluster => c !== undefined && c !== writer);
  while (stack.length > 0) {
    const c = stack.pop() as Cluster;
    if (c === writer) return true;
    if (seen.has(c)) continue;
    seen.add(c);
    for (const x of readsOfOne(c)) {
      const next = owner.get(x);
      if (next) stack.push(next);
    }
  }
  return false;
}
