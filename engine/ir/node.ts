import { checkDType, type DType } from "../core/dtype.ts";
import { asOp, currentOp, dtypeError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import type { Stored } from "../core/stored.ts";
import type { Primitive } from "./primitive.ts";

/** Shape and dtype without values. */
export interface Aval {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * One value of a tensor program. Immutable but for `stored`: once a node has been evaluated, its values are there
 * and its inputs are dropped, so that a chain of steps does not hold its whole past.
 */
export class GraphNode implements Aval {
  readonly id: number;
  readonly primitive: Primitive;
  readonly params: unknown;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The op the user called, for errors, traces and the NaN guard. */
  readonly op: string;
  inputs: readonly GraphNode[];
  stored: Stored | null = null;
  /** Unevaluated nodes below this one, counted with repeats and capped; bounds the pending graph. */
  readonly pending: number;

  constructor(
    primitive: Primitive,
    inputs: readonly GraphNode[],
    params: unknown,
    aval: Aval,
    op = currentOp(primitive.name),
  ) {
    this.id = nextId++;
    this.primitive = primitive;
    this.inputs = inputs;
    this.params = params;
    this.dtype = aval.dtype;
    this.shape = aval.shape;
    this.op = op;
    let pending = 1;
    for (const input of inputs) if (input.stored === null) pending += input.pending;
    this.pending = Math.min(pending, 1_000_000);
  }
}

let nextId = 1;

/** The same of other operands; itself if they are its own. */
export const withInputs = (node: GraphNode, inputs: readonly GraphNode[]): GraphNode =>
  inputs.every((x, i) => x === node.inputs[i])
    ? node
    : new GraphNode(node.primitive, inputs, node.params, node, node.op);

/** Refuses an operand that is no tensor, which only a program without types can give. */
export function checkNode(x: unknown): void {
  if (!(x instanceof GraphNode))
    throw dtypeError({ problem: `${String(x)} is no tensor`, hint: "tensor(..)" });
}

/** Makes a node, checking operands by the primitive's own rules. */
export function makeNode(
  primitive: Primitive,
  inputs: readonly GraphNode[],
  params: unknown = null,
): GraphNode {
  return asOp(primitive.name, () => {
    inputs.forEach(checkNode);
    const dtype = checkDType(primitive.name, primitive.dtype(inputs, params));
    return new GraphNode(primitive, inputs, params, { dtype, shape: primitive.shape(inputs, params) });
  });
}

/**
 * Every node that `roots` need, inputs first. Evaluated nodes count as inputs of the program; what lies below `known`
 * ones alone is left out.
 */
export function topologicalOrder(
  roots: readonly GraphNode[],
  known: { has(x: GraphNode): boolean } = new Set(),
): GraphNode[] {
  const order: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  // An explicit stack: graphs of long eager loops are deeper than the call stack.
  const stack: { node: GraphNode; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push({ node: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: GraphNode; next: number };
      const inputs = top.node.stored || known.has(top.node) ? [] : top.node.inputs;
      const input = inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

/** What a node shows when it is a view. */
export function behind(x: GraphNode): GraphNode {
  const { lower } = x.primitive;
  return lower.kind === "inline" && lower.form === "view" && !x.stored ? behind(x.inputs[0] as GraphNode) : x;
}
