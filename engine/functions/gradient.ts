import { type CustomParams, customGradient } from "../autodiff/rules.ts";
import { type GraphNode, makeNode } from "../ir/node.ts";
import type { Primitive } from "../ir/primitive.ts";
import { stopGradient as stopRecord } from "../ops/unary.ts";

/** The value itself, and no gradient. */
export const stopGradient = (x: GraphNode): GraphNode => makeNode(stopRecord as Primitive, [x]);

/**
 * `value` whose gradient is given: `rule` gets its cotangent and `ins`, and answers with theirs. What the rule needs
 * of the forward pass must be among `ins`, so that `checkpoint` can compute it again.
 */
export const withGradient = (
  value: GraphNode,
  ins: readonly GraphNode[],
  rule: CustomParams["rule"],
): GraphNode => makeNode(customGradient as Primitive, [value, ...ins], { rule });
