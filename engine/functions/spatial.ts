import { axisError, shapeError } from "../core/errors.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";

// Options and operands with spatial axes, [B, C, ...space].

/** A number for every spatial axis, or one number for all of them. */
export type PerAxis = number | readonly number[];

/** `value` for each of `rank` axes, checked to be integers of at least `least`. */
export function perAxis(name: string, value: PerAxis, rank: number, least: number): number[] {
  const list = typeof value === "number" ? new Array<number>(rank).fill(value) : [...value];
  if (list.length !== rank || list.some((n) => !Number.isInteger(n) || n < least)) {
    throw axisError({
      problem: `${name} does not fit`,
      got: { [name]: list },
      need: `one integer, or ${rank} of them, of at least ${least}`,
    });
  }
  return list;
}

/** x as [B, C, ...space] of `rank` spatial axes, and the way back for an x that came without its batch axis. */
export function withBatch(
  x: GraphNode,
  rank: number,
): { x: GraphNode; restore: (y: GraphNode) => GraphNode } {
  if (x.shape.length === rank + 2) return { x, restore: (y) => y };
  if (x.shape.length === rank + 1) {
    return { x: ops.reshape(x, [1, ...x.shape]), restore: (y) => ops.reshape(y, y.shape.slice(1)) };
  }
  throw shapeError({
    problem: `x does not have ${rank} spatial axes`,
    got: { x },
    need: `x of shape [B, C, ${["L", "H, W", "D, H, W"][rank - 1]}], or the same without B`,
  });
}
