import { asOp } from "../core/errors.ts";
import { type GraphNode, topologicalOrder, withInputs } from "../ir/node.ts";
import type { Program } from "./program.ts";

/**
 * Rewrites a program node by node, inputs first; `visit` sees each node with its operands already rewritten, and as it
 * was. What it makes belongs to the op that the node belongs to.
 */
export function rebuild(program: Program, visit: (fresh: GraphNode, node: GraphNode) => GraphNode): Program {
  const done = new Map<GraphNode, GraphNode>(program.inputs.map((x) => [x, x]));
  for (const node of topologicalOrder(program.outputs)) {
    if (done.has(node)) continue;
    const inputs = node.inputs.map((x) => done.get(x) as GraphNode);
    done.set(
      node,
      asOp(node.op, () => visit(withInputs(node, inputs), node)),
    );
  }
  return { inputs: program.inputs, outputs: program.outputs.map((x) => done.get(x) as GraphNode) };
}
