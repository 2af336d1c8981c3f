import { describe } from "./core/errors.ts";
import type { GraphNode } from "./ir/node.ts";
import type { Plan, PlanStep } from "./ir/plan.ts";

/** For each step of a plan, why what it makes is stored and not kept in a register; for people. */
export function boundariesOf(plan: Plan): string[][] {
  const readers = new Map<GraphNode, PlanStep[]>();
  for (const step of plan.steps)
    for (const x of step.reads) readers.set(x, [...(readers.get(x) ?? []), step]);
  return plan.steps.map((step) => {
    const reasons = new Map<string, GraphNode[]>();
    for (const { node } of step.results) {
      const reason = reasonFor(kindOf(step), (readers.get(node) ?? []).map(kindOf));
      reasons.set(reason, [...(reasons.get(reason) ?? []), node]);
    }
    return [...reasons].map(([reason, nodes]) => `${namesOf(nodes)}: ${reason}`);
  });
}

/** map, row, dot, scan or sort: what kernels' names begin with. */
const kindOf = (step: PlanStep): string => step.program.name.split("_")[0] as string;

function namesOf(nodes: readonly GraphNode[]): string {
  const [first, ...others] = nodes.map((x) => `${x.op} ${describe(x)}`);
  return others.length === 0 ? (first as string) : `${first} and ${others.length} more`;
}

function reasonFor(writer: string, readers: readonly string[]): string {
  const [reader] = readers;
  if (!reader) return "a result of the program";
  if (readers.length > 1) return `${readers.length} kernels read it`;
  if (reader === "dot") return "a contraction reads each of its elements many times";
  if (reader === "sort" || reader === "scan") return `a ${reader} begins with stored values`;
  if (writer === "sort" || writer === "scan") return `a ${writer} must be done before its values are used`;
  if (writer === "dot") {
    return reader === "row"
      ? "its rows are spread over the tiles of the contraction, and a reduction follows"
      : "it is read at other positions than it is computed at";
  }
  if (writer === "row") {
    return reader === "row"
      ? "a reduction over other rows follows"
      : "it is read at other positions than its rows, or by rows too long to go over again";
  }
  return "it is read several times, costs too much to compute again, or its reader binds too many buffers";
}
