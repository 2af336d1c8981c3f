import { sizeOf } from "../core/shape.ts";
import { type GraphNode, topologicalOrder } from "./node.ts";
import type { HostTensor } from "./primitive.ts";

/**
 * Runs a graph on the CPU in float64 by the primitives' references. `given` has the values of input and evaluated
 * nodes. What WGSL kernels are tested against.
 */
export function interpret(
  outputs: readonly GraphNode[],
  given: ReadonlyMap<GraphNode, Float64Array>,
): HostTensor[] {
  const values = new Map<GraphNode, HostTensor>();
  for (const node of topologicalOrder(outputs)) {
    const data = given.get(node) ?? computeNode(node, values).data;
    if (data.length !== sizeOf(node.shape))
      throw new Error(`${node.primitive.name}: the reference gave ${data.length} values`);
    values.set(node, { shape: node.shape, dtype: node.dtype, data });
  }
  return outputs.map((x) => values.get(x) as HostTensor);
}

/** The value of one node from those of its operands. */
export function computeNode(node: GraphNode, values: ReadonlyMap<GraphNode, HostTensor>): HostTensor {
  const { shape, dtype } = node;
  const { lower } = node.primitive;
  const ins = node.inputs.map((x) => values.get(x) as HostTensor);
  const custom = lower.kind === "rewrite" && node.primitive.name === "customGradient";
  const data = custom ? (ins[0] as HostTensor).data : node.primitive.reference(ins, node.params, node);
  return { shape, dtype, data };
}
