import { describe } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { type FusedProgram, partsOf, sourcesOf } from "./fused-program.ts";

/** Notes for every value between two kernels why it is stored and not kept in a register; for people. */
export function noteBoundaries(fused: FusedProgram): void {
  const readers = new Map<GraphNode, Cluster[]>();
  for (const c of fused.clusters)
    for (const x of sourcesOf(fused, c)) readers.set(x, [...(readers.get(x) ?? []), c]);
  for (const c of fused.clusters) {
    const reasons = new Map<string, GraphNode[]>();
    for (const x of c.outputs.flatMap((y) => partsOf(fused, y))) {
      const reason = reasonFor(c, x, readers.get(x) ?? []);
      reasons.set(reason, [...(reasons.get(reason) ?? []), x]);
    }
    for (const [reason, values] of reasons) c.notes.push(`${namesOf(values)}: ${reason}`);
  }
}

function namesOf(values: readonly GraphNode[]): string {
  const [first, ...others] = values.map((x) => `${x.op} ${describe(x)}`);
  return others.length === 0 ? (first as string) : `${first} and ${others.length} more`;
}

function reasonFor(writer: Cluster, x: GraphNode, readers: readonly Cluster[]): string {
  const [reader] = readers;
  if (!reader) return "a result of the program";
  if (readers.length > 1) return `${readers.length} kernels read it`;
  const { kind } = reader;
  if (kind === "dot") return "a contraction reads each of its elements many times";
  if (kind === "sort" || kind === "scan") return `a ${kind} begins with stored values`;
  if (writer.kind === "sort" || writer.kind === "scan")
    return `a ${writer.kind} must be done before its values are used`;
  if (writer.kind === "dot") {
    if (kind === "row")
      return "its rows are spread over the tiles of the contraction, and a reduction follows";
    return "it is read at other positions than it is computed at";
  }
  if (writer.kind === "row")
    return kind === "row"
      ? "a reduction over other rows follows"
      : "it is read at other positions than its rows, or by rows too long to go over again";
  return sizeOf(reader.domain) > sizeOf(x.shape)
    ? "each of its elements is read several times"
    : "it would make its reader bind too many buffers, or compute too much";
}
