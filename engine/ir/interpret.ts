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
    const data = given.get(node) ?? compute(node, values);
    if (data.length !== sizeOf(node.shape))
      throw new Error(`${node.primitive.name}: the reference gave ${data.length} values`);
    values.set(node, { shape: node.shape, dtype: node.dtype, data });
  }
  return outputs.map((x) => values.get(x) as HostTensor);
}

function compute(node: GraphNode, values: ReadonlyMap<GraphNode, HostTensor>): Float64Array {
  const { lower } = node.primitive;
  if (lower.kind === "rewrite" && node.primitive.name === "customGradient")
    return (values.get(node.inputs[0] as GraphNode) as HostTensor).data;
  const ins = node.inputs.map((x) => values.get(x) as HostTensor);
  return node.primitive.reference(ins, node.params, node);
}
