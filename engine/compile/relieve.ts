import { shapesEqual, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { contentsOf, type FusedProgram, isGiven, isRead } from "./fused-program.ts";

/** What is changed from round to round until every kernel binds few enough buffers. */
export interface Relief {
  readonly stored: Set<GraphNode>;
  readonly banned: Set<GraphNode>;
  readonly limit: number;
}

/** Stores values in the middle of a kernel that binds too many buffers, or sends its last members away. */
export function relieve(fused: FusedProgram, c: Cluster, excess: number, relief: Relief): void {
  const { stored, banned, limit } = relief;
  const others = fused.clusters.filter((d) => d !== c);
  // One result may stand for several that others compute it from again.
  const isSeveral = (m: GraphNode): boolean => {
    const reached = new Set(m.inputs);
    for (const x of reached)
      if (!c.outputs.includes(x) && !isRead(fused, c, x)) for (const y of x.inputs) reached.add(y);
    return c.outputs.filter((x) => reached.has(x)).length > 1;
  };
  const whole = c.members.find(
    (m) => isSeveral(m) && others.some((d) => contentsOf(fused, d).computed.has(m)),
  );
  if (whole) {
    stored.add(whole);
    return;
  }
  // What another kernel computes anyway costs no further launch.
  const elsewhere = new Set(others.flatMap((d) => d.members));
  // One at a time, since much else changes with it; but sums of very many are cut at once.
  const cut = new Set<GraphNode>();
  for (let left = excess; left > 0; ) {
    const best = middleOf(fused, c, cut, elsewhere, limit);
    if (!best) break;
    cut.add(best.x);
    stored.add(best.x);
    left = left > limit ? left + 1 - best.leaves : 0;
  }
  if (cut.size > 0) return;
  const guests = c.members.filter((m) => !c.heroes.includes(m) && !banned.has(m));
  const last = guests.at(-1) ?? c.heroes.at(-1);
  if (!last || banned.has(last))
    throw new Error(
      `fuse: ${c.members.map((m) => m.primitive.name).join("+")} needs more than ${limit} buffers`,
    );
  banned.add(last);
  // Each binds a few buffers of its own.
  for (const guest of guests.slice(-excess >> 2)) banned.add(guest);
}

/** The value inside a kernel that stands for the most of what the kernel reads, and how much that is. */
function middleOf(
  fused: FusedProgram,
  c: Cluster,
  cut: ReadonlySet<GraphNode>,
  elsewhere: ReadonlySet<GraphNode>,
  limit: number,
): { x: GraphNode; leaves: number } | null {
  const leaves = new Map<GraphNode, Set<GraphNode>>();
  const leavesOf = (x: GraphNode): Set<GraphNode> => {
    const known = leaves.get(x);
    if (known) return known;
    const set = new Set<GraphNode>();
    leaves.set(x, set);
    if (isRead(fused, c, x) || cut.has(x)) set.add(x);
    else for (const y of x.inputs) for (const leaf of leavesOf(y)) set.add(leaf);
    return set;
  };
  for (const m of c.members) leavesOf(m);
  // One of several sums reads its operands again rather than that a value as large as they are is stored.
  const onlySums = c.heroes.length > 1 && c.outputs.every((x) => sizeOf(x.shape) < sizeOf(c.domain));
  let best: GraphNode | null = null;
  let most = 0;
  for (const [x, { size }] of leaves) {
    if (onlySums && shapesEqual(x.shape, c.domain)) continue;
    const { lower, name } = x.primitive;
    if (c.members.includes(x) || isGiven(x) || fused.owner.has(x)) continue;
    if (lower.kind !== "elementwise" && name !== "concat" && name !== "gather") continue;
    const gain = size + (elsewhere.has(x) ? limit : 0);
    if (size < 2 || size >= limit || gain <= most) continue;
    [best, most] = [x, gain];
  }
  return best && { x: best, leaves: (leaves.get(best) as Set<GraphNode>).size };
}
