import { range, sizeAlong } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";

/** Mean over axes, which are kept with size 1. */
export function meanOf(x: GraphNode, axes: readonly number[]): GraphNode {
  const count = sizeAlong(x.shape, axes);
  return ops.mul(ops.sum(x, axes), 1 / count);
}

/** Removes axes of size 1. */
export const dropped = (x: GraphNode, axes: readonly number[]): GraphNode =>
  ops.reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );

/** The sum of all elements, of rank 0. */
export const total = (x: GraphNode): GraphNode => ops.reshape(ops.sum(x, range(x.shape.length)), []);
