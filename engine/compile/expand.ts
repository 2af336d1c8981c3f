import { asOp } from "../core/errors.ts";
import type { Profile } from "../core/profile.ts";
import { type GraphNode, topologicalOrder, withInputs } from "../ir/node.ts";
import type { GraphOps } from "../ir/primitive.ts";
import type { Program } from "./program.ts";

/** Pass: writes primitives that have no kernel of their own (convolution, scatter) in those that have. */
export function expandRewrites(program: Program, profile: Profile, o: GraphOps): Program {
  const done = new Map<GraphNode, GraphNode>(program.inputs.map((x) => [x, x]));
  const run = (root: GraphNode): GraphNode => {
    for (const x of topologicalOrder([root], done))
      if (!done.has(x))
        done.set(
          x,
          convert(
            x,
            x.inputs.map((y) => done.get(y) as GraphNode),
          ),
        );
    return done.get(root) as GraphNode;
  };
  const convert = (node: GraphNode, inputs: readonly GraphNode[]): GraphNode => {
    const { lower } = node.primitive;
    const fresh = withInputs(node, inputs);
    if (lower.kind !== "rewrite" && lower.kind !== "attention") return fresh;
    const into = lower.kind === "rewrite" ? lower.into : lower.adapt;
    const rewritten = asOp(node.op, () => into(fresh, fresh.params, o, profile));
    // What a rewrite makes may need rewriting itself; its operands are done.
    for (const x of inputs) done.set(x, x);
    return rewritten === fresh ? fresh : run(rewritten);
  };
  return { inputs: program.inputs, outputs: program.outputs.map(run) };
}
