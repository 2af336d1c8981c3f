import { isFloat } from "../core/dtype.ts";
import { asOp, NotDifferentiableError } from "../core/errors.ts";
import { type GraphNode, topologicalOrder } from "../ir/node.ts";
import type { GraphOps } from "../ir/primitive.ts";

/** A value and the gradient of the loss with respect to it. */
export interface Seed {
  readonly node: GraphNode;
  readonly ct: GraphNode;
}

/**
 * Reverse pass: the gradients of `sum(seed.ct * seed.node)` with respect to `wrt`, as graph nodes. A node that the
 * seeds do not depend on gets null. Reads records only, so it knows no op by name.
 */
export function backward(
  seeds: readonly Seed[],
  wrt: readonly GraphNode[],
  o: GraphOps,
): (GraphNode | null)[] {
  const order = topologicalOrder(seeds.map((s) => s.node));
  const active = new Set<GraphNode>(wrt);
  for (const node of order) {
    if (!active.has(node) && isFloat(node.dtype) && !node.stored && node.inputs.some((x) => active.has(x)))
      active.add(node);
  }
  const targets = new Set(wrt);
  const cotangents = new Map<GraphNode, GraphNode>();
  const accumulate = (node: GraphNode, ct: GraphNode): void => {
    const sum = cotangents.get(node);
    cotangents.set(node, sum ? o.add(sum, ct) : ct);
  };
  for (const { node, ct } of seeds) if (active.has(node)) accumulate(node, ct);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as GraphNode;
    const ct = cotangents.get(node);
    if (!ct || targets.has(node)) continue;
    cotangents.delete(node);
    const { vjp } = node.primitive;
    if (typeof vjp !== "function") {
      if (vjp.stops) continue;
      throw new NotDifferentiableError(node.op, {
        problem: `no gradient: ${vjp.none}`,
        hint: "stopGradient() on its operands",
      });
    }
    const needed = node.inputs.map((x) => active.has(x));
    asOp(backwardName(node.op), () => {
      const rule = vjp({ ct, ins: node.inputs, out: node, params: node.params, needed }, o);
      // One operand may stand in several places of the value that a derivative goes through.
      const ins = "primitive" in rule ? [...new Set(node.inputs)].filter((x) => active.has(x)) : node.inputs;
      const gradients = "primitive" in rule ? backward([{ node: rule, ct }], ins, o) : rule;
      gradients.forEach((g, j) => {
        const x = ins[j] as GraphNode;
        if (g && active.has(x)) accumulate(x, g);
      });
    });
  }
  return wrt.map((node) => cotangents.get(node) ?? null);
}

/** What the ops of a gradient are called in traces and by the NaN guard. */
const backwardName = (op: string): string => (op.endsWith(BACKWARD) ? op : `${op}${BACKWARD}`);
const BACKWARD = " (backward)";
