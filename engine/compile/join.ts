import type { IndexExpr } from "../../kernels/scalar/index-algebra.ts";
import { dim } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { type FusedProgram, type Part, readsOf } from "./fused-program.ts";

type Place = Part["place"];

/**
 * Pass: kernels write the parts of a concatenation where they belong in it, so that nothing is stored twice. Only if
 * all parts are results of kernels that nobody else reads.
 */
export function joinParts(fused: FusedProgram): FusedProgram {
  const owner = new Map(fused.owner);
  const parts = new Map<GraphNode, Part>();
  const gone = new Set<Cluster>();
  const readers = new Map<GraphNode, number>();
  for (const c of fused.clusters)
    for (const x of readsOf(fused, c)) readers.set(x, (readers.get(x) ?? 0) + 1);
  const wanted = new Set(fused.program.outputs);
  const copier = (x: GraphNode): Cluster | null => {
    const c = owner.get(x);
    return x.primitive.name === "concat" && c?.kind === "map" && c.members.length === 1 ? c : null;
  };
  // The outermost concatenation first: it takes in those inside.
  for (const whole of [...fused.order].reverse()) {
    const c = copier(whole);
    if (!c || fused.replaces.has(whole)) continue;
    const found = new Map<GraphNode, Place>();
    const copies = [c];
    const visit = (x: GraphNode, place: Place): boolean => {
      const writer = owner.get(x);
      const copy = copier(x);
      if (writer && x !== whole) {
        if (readers.get(x) !== 1 || wanted.has(x) || fused.replaces.has(x)) return false;
        if (!copy) {
          if (found.has(x) || writer.kind === "scan" || writer.kind === "sort") return false;
          found.set(x, place);
          return true;
        }
        copies.push(copy);
      } else if (x.stored) return false;
      const { name } = x.primitive;
      const [y] = x.inputs as [GraphNode];
      if (name === "reshape")
        return visit(y, (at, index) => place(index.unflatten(index.flatten(at, y.shape), x.shape), index));
      if (name === "permute") {
        const { axes } = x.params as { axes: readonly number[] };
        return visit(y, (at, index) =>
          place(
            axes.map((a) => at[a] as IndexExpr),
            index,
          ),
        );
      }
      if (name !== "concat") return false;
      const { axis } = x.params as { axis: number };
      let end = 0;
      return x.inputs.every((y) => {
        const start = end;
        end += dim(y.shape, axis);
        return visit(y, (at, index) =>
          place(
            at.map((e, a) => (a === axis ? index.offset(e, start) : e)),
            index,
          ),
        );
      });
    };
    if (!visit(whole, (at) => at)) continue;
    for (const old of copies) {
      gone.add(old);
      for (const x of old.outputs) owner.delete(x);
    }
    for (const [x, place] of found) {
      parts.set(x, { whole, place });
      owner.set(whole, owner.get(x) as Cluster);
    }
  }
  return { ...fused, clusters: fused.clusters.filter((c) => !gone.has(c)), owner, parts };
}
