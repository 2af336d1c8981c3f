import { dim, otherAxes } from "../core/shape.ts";
import type { Aval } from "./node.ts";
import type { DotAxes } from "./primitive.ts";

/** Axes of a contraction in the order of its result: batch, free of a, free of b. */
export function dotLayout(
  a: Aval,
  b: Aval,
  p: DotAxes,
): { freeA: number[]; freeB: number[]; shape: number[]; contracted: number[] } {
  const freeA = otherAxes(a.shape.length, p.batchA, p.contractA);
  const freeB = otherAxes(b.shape.length, p.batchB, p.contractB);
  const shape = [
    ...p.batchA.map((i) => dim(a.shape, i)),
    ...freeA.map((i) => dim(a.shape, i)),
    ...freeB.map((i) => dim(b.shape, i)),
  ];
  return { freeA, freeB, shape, contracted: p.contractA.map((i) => dim(a.shape, i)) };
}
