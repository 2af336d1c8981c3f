import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { GraphOps, Primitive } from "../ir/primitive.ts";
import { backward } from "./backward.ts";

export interface CustomParams {
  /** Cotangents of inputs 1.., given that of the output. */
  readonly rule: (ct: GraphNode, ins: readonly GraphNode[], o: GraphOps) => readonly (GraphNode | null)[];
}

/**
 * Input 0 with a gradient of its own: instead of differentiating input 0, the rule gives the cotangents of the
 * other inputs. Vanishes once gradients have been taken.
 */
export const customGradient: Primitive<CustomParams> = {
  name: "customGradient",
  dtype: ([x]) => x!.dtype,
  shape: ([x]) => [...x!.shape],
  vjp: ({ ct, ins, params }, o) => [null, ...params.rule(ct, ins.slice(1), o)],
  reference: ([x]) => x!.data.slice(),
  lower: { kind: "rewrite", into: (node) => node.inputs[0] as GraphNode },
};

/**
 * The part of the graph of `root` that was made after node number `before`, and the older nodes it stands on.
 */
function segment(root: GraphNode, before: number): { made: GraphNode[]; boundary: GraphNode[] } {
  const made: GraphNode[] = [];
  const boundary: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  const visit = (node: GraphNode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.id <= before || node.stored || node.inputs.length === 0) {
      if (node.id <= before || node.stored) boundary.push(node);
      else made.push(node);
      return;
    }
    node.inputs.forEach(visit);
    made.push(node);
  };
  visit(root);
  return { made, boundary };
}

/**
 * `root` as a value whose backward pass computes the segment made after node `before` again instead of keeping its
 * intermediate results. `separate` makes a node that no pass merges with the original.
 *
 * What is computed again from the values of `late` waits for the cotangent, whose first element times zero is added to
 * them. Otherwise it could be computed at once, beside the original, and kept.
 */
export function recompute(
  root: GraphNode,
  before: number,
  make: (primitive: Primitive, inputs: readonly GraphNode[], params: unknown) => GraphNode,
  separate: (x: GraphNode) => GraphNode,
  late: ReadonlySet<GraphNode> = new Set(),
): GraphNode {
  const { made, boundary } = segment(root, before);
  if (made.length === 0) return root;
  const rule: CustomParams["rule"] = (ct, ins, o) => {
    const flat = o.reshape(ct, [sizeOf(ct.shape)]);
    const zero = o.mul(o.slice(flat, 0, 0, 1), 0);
    const fresh = ins.map((x, i) => {
      const copy = separate(x);
      if (!late.has(boundary[i] as GraphNode) || x.dtype !== ct.dtype || sizeOf(ct.shape) === 0) return copy;
      return o.add(
        copy,
        o.broadcastTo(
          o.reshape(
            zero,
            x.shape.map(() => 1),
          ),
          x.shape,
        ),
      );
    });
    const copies = new Map<GraphNode, GraphNode>(boundary.map((node, i) => [node, fresh[i] as GraphNode]));
    for (const node of made) {
      copies.set(
        node,
        make(
          node.primitive,
          node.inputs.map((x) => copies.get(x) as GraphNode),
          node.params,
        ),
      );
    }
    return backward([{ node: copies.get(root) as GraphNode, ct }], fresh, o);
  };
  return make(customGradient as Primitive, [root, ...boundary], { rule });
}
