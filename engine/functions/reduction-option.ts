import { axisError, shapeError } from "../core/errors.ts";
import { shapesEqual, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { total } from "./reduce-axes.ts";

/** How the losses of single elements become the result: their mean, their sum, or all of them. */
export type Reduction = "mean" | "sum" | "none";

export interface ReductionOption {
  reduction?: Reduction;
}

export function reduced(x: GraphNode, reduction: Reduction = "mean"): GraphNode {
  switch (reduction) {
    case "none":
      return x;
    case "sum":
      return total(x);
    case "mean":
      return ops.mul(total(x), 1 / sizeOf(x.shape));
    default:
      throw axisError({
        problem: `"${String(reduction)}" is no reduction`,
        need: '"mean", "sum" or "none"',
      });
  }
}

export function sameShape(operands: Record<string, GraphNode>): void {
  const [first, ...rest] = Object.values(operands);
  if (rest.every((x) => shapesEqual(x.shape, (first as GraphNode).shape))) return;
  // Broadcasting would compare every element with every other one, which is never what a loss is meant to do.
  throw shapeError({ problem: "shapes differ", got: operands, need: "operands of one shape" });
}
