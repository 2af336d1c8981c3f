import type { GraphNode } from "../ir/node.ts";
import { topologicalOrder } from "../ir/node.ts";

/** A tensor program: what is given, and what is wanted. */
export interface Program {
  readonly inputs: readonly GraphNode[];
  readonly outputs: readonly GraphNode[];
  /** How what the backward pass keeps of the forward pass is stored; f32 if nothing is said. */
  readonly activations?: "f32" | "f16";
}

/** Parameters as text, with the numbers that JSON would take for others. */
export const paramsText = (node: GraphNode): string =>
  JSON.stringify(node.params, (_, value) =>
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
      ? `#${Object.is(value, -0) ? "-0" : value}`
      : value,
  );

/**
 * The program that evaluates `outputs`, and a text that is equal for programs which differ only in the values of
 * their inputs. Evaluated nodes and `input` nodes are its inputs, in the order in which they are met.
 */
export function describeProgram(outputs: readonly GraphNode[]): Program & { key: string } {
  const order = topologicalOrder(outputs);
  const numbers = new Map<GraphNode, number>();
  const inputs: GraphNode[] = [];
  const parts: string[] = [];
  order.forEach((node, i) => {
    numbers.set(node, i);
    if (node.stored || node.primitive.lower.kind === "input") {
      inputs.push(node);
      parts.push(`@${node.dtype}[${node.shape.join(",")}]`);
      return;
    }
    const operands = node.inputs.map((x) => numbers.get(x)).join(",");
    parts.push(`${node.primitive.name}(${operands})${paramsText(node)}`);
  });
  return { inputs, outputs, key: `${parts.join(";")}>${outputs.map((x) => numbers.get(x)).join(",")}` };
}
