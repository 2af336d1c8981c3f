import { shapeError } from "../core/errors.ts";
import { dim, normalizeAxis } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { stopGradient } from "./gradient.ts";
import { take } from "./indexing.ts";

export const embedding = define(
  "embedding",
  (indices: GraphNode, weight: GraphNode, { paddingIndex }: { paddingIndex?: number } = {}): GraphNode => {
    if (weight.shape.length !== 2)
      throw shapeError({
        problem: "weight is no table",
        got: { weight },
        need: "[rows, D]",
      });
    if (paddingIndex === undefined) return take(weight, indices, { axis: 0 });
    const row = normalizeAxis(paddingIndex, dim(weight.shape, 0));
    const fixed = ops.equal(ops.iota(weight.shape, 0), row);
    return take(ops.where(fixed, stopGradient(weight), weight), indices, { axis: 0 });
  },
);
