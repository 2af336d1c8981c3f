import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { type FusedProgram, readsOf } from "./fused-program.ts";
import { mayOverwrite } from "./in-place.ts";

/**
 * Pass: a result takes the place of an operand that nobody reads after it, if each thread of its kernel reads no
 * other element of that than the one it is about to write.
 */
export function reuseOperands(fused: FusedProgram): FusedProgram {
  const replaces = new Map(fused.replaces);
  const settled = settledValues(fused);
  const mayMove = (x: GraphNode): boolean => fused.owner.has(x) && !settled.has(x);
  /** Read by launches further on. */
  const wanted = new Set<GraphNode>();
  for (const launch of [...fused.clusters].reverse()) {
    const kernels = (launch.bundled ?? [launch]).map((c) => ({ c, reads: readsOf(fused, c) }));
    for (const { c, reads } of kernels) {
      const others = new Set(kernels.filter((k) => k.c !== c).flatMap((k) => k.reads));
      const dying = new Set(reads.filter((y) => mayMove(y) && !wanted.has(y) && !others.has(y)));
      for (const x of c.outputs) {
        if (!mayMove(x) || replaces.has(x)) continue;
        const fits = (y: GraphNode) =>
          y.dtype === x.dtype && sizeOf(y.shape) === sizeOf(x.shape) && mayOverwrite(fused, c, x, y);
        const old = [...dying].find(fits);
        if (!old) continue;
        dying.delete(old);
        replaces.set(x, old);
      }
    }
    for (const { reads } of kernels) for (const y of reads) wanted.add(y);
  }
  return { ...fused, replaces };
}

/** What has its place already: results of the program, and what others lie in, or what lies in others. */
function settledValues({ program, flats, parts }: FusedProgram): Set<GraphNode> {
  const laidOut = [...flats].flatMap(([flat, { segments }]) => [flat, ...segments.map((s) => s.node)]);
  const joined = [...parts].flatMap(([part, { whole }]) => [part, whole]);
  return new Set([...program.outputs, ...laidOut, ...joined]);
}
