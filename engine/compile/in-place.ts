import { samePosition } from "../../kernels/scalar/index-algebra.ts";
import type { GraphNode } from "../ir/node.ts";
import { type Cluster, dotDomain } from "./cluster.ts";
import { type FusedProgram, isRead, readsOf } from "./fused-program.ts";

/** Results that replace an input, and the input that each replaces. */
export type Replacements = ReadonlyMap<GraphNode, GraphNode>;

/**
 * The results of a kernel that it writes straight over the values they replace. If the kernel reads those, then only
 * the element that the same thread is about to write.
 */
export function overwritten(
  fused: Pick<FusedProgram, "owner" | "replaces">,
  c: Cluster,
): Map<GraphNode, GraphNode> {
  if (c.bundled) return new Map(c.bundled.flatMap((part) => [...overwritten(fused, part)]));
  const result = new Map<GraphNode, GraphNode>();
  for (const x of c.outputs) {
    const old = fused.replaces.get(x);
    if (old && mayOverwrite(fused, c, x, old)) result.set(x, old);
  }
  return result;
}

/** The buffers that a kernel binds: what it reads, then what it writes somewhere else. */
export function bindingsOf(fused: Pick<FusedProgram, "owner" | "replaces">, c: Cluster): GraphNode[] {
  const over = overwritten(fused, c);
  const reads = readsOf(fused, c);
  return [...reads, ...c.outputs.filter((x) => !reads.includes(over.get(x) as GraphNode))];
}

/** Whether a kernel may write its result `x` over `old`. */
export function mayOverwrite(
  fused: Pick<FusedProgram, "owner">,
  c: Cluster,
  x: GraphNode,
  old: GraphNode,
): boolean {
  if (c.kind === "scan" || c.kind === "sort" || c.kind === "attention") return false;
  if (c.kind === "dot") {
    // A product of two vectors: spare lanes read at the place of its one result before they are told apart.
    const { m, n } = dotDomain(c.heroes[0] as GraphNode);
    if (m * n === 1 && readsOf(fused, c).includes(old)) return false;
  }
  const frame = c.frames.get(x);
  const isHere = (m: GraphNode): boolean => {
    const mine = c.frames.get(m);
    return !c.heroes.includes(m) && !!mine && !!frame && samePosition(mine, frame);
  };
  return frame
    ? readsInPlace(fused, c, { isHere, isTarget: (y) => y === old })
    : !readsOf(fused, c).includes(old);
}

/**
 * Whether a kernel reads its targets by nothing but elementwise work of members that are here: whatever is on another
 * path reads them elsewhere.
 */
export function readsInPlace(
  fused: Pick<FusedProgram, "owner">,
  c: Cluster,
  {
    isHere = () => true,
    isTarget,
  }: Record<"isTarget", (x: GraphNode) => boolean> & { isHere?: (m: GraphNode) => boolean },
): boolean {
  const seen = new Map<GraphNode, boolean>();
  const visit = (x: GraphNode, inPlace: boolean): boolean => {
    const before = seen.get(x);
    if (before !== undefined && (before === inPlace || !before)) return true;
    seen.set(x, inPlace);
    if (isTarget(x)) return inPlace;
    if (isRead(fused, c, x)) return true;
    const onward = inPlace && x.primitive.lower.kind === "elementwise";
    return x.inputs.every((y) => visit(y, onward));
  };
  return c.members.every((m) => visit(m, isHere(m)));
}
