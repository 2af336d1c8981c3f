import { describe } from "../core/errors.ts";
import type { GraphNode } from "../ir/node.ts";
import { topologicalOrder } from "../ir/node.ts";
import type { FusedProgram } from "./fused-program.ts";
import type { Program } from "./program.ts";

/** A graph as text, one node a line. */
export function printProgram(program: Program): string {
  const order = topologicalOrder(program.outputs);
  const number = new Map<GraphNode, number>(order.map((x, i) => [x, i]));
  const lines = order.map((x, i) => `%${i} = ${nodeText(x, number)}`);
  return [...lines, `return ${program.outputs.map((x) => `%${number.get(x)}`).join(", ")}`].join("\n");
}

function nodeText(x: GraphNode, number: ReadonlyMap<GraphNode, number>): string {
  if (x.stored) return `stored ${describe(x)}`;
  const params = x.params === null ? "" : ` ${JSON.stringify(x.params)}`;
  const operands = x.inputs.map((y) => `%${number.get(y)}`).join(", ");
  return `${x.primitive.name}(${operands})${params} ${describe(x)}${x.op === x.primitive.name ? "" : ` # ${x.op}`}`;
}

/** Kernels, what each holds, and why it ends there. */
export function printFused(fused: FusedProgram): string {
  return fused.clusters
    .map((c, i) => {
      const outputs = c.outputs.map((x) => `${x.primitive.name} ${describe(x)}`).join(", ");
      const notes = c.notes.map((n) => `\n    stops at ${n}`).join("");
      return `kernel ${i} (${c.kind}): ${c.members.map((m) => m.primitive.name).join(" ")} -> ${outputs}${notes}`;
    })
    .join("\n");
}
