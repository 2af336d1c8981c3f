import { dim } from "../core/shape.ts";
import type { Aval } from "./node.ts";
import type { DotAxes } from "./primitive.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const without = (rank: number, ...axes: (readonly number[])[]): number[] =>
  range(rank).filter((i) => !axes.some((list) => list.includes(i)));

/** Axes of a contraction in the order of its result: batch, free of a, free of b. */
export function dotLayout(
  a: Aval,
  b: Aval,
  p: DotAxes,
): { freeA: number[]; freeB: number[]; shape: number[]; contracted: number[] } {
  const freeA = without(a.shape.length, p.batchA, p.contractA);
  const freeB = without(b.shape.length, p.batchB, p.contractB);
  const shape = [
    ...p.batchA.map((i) => dim(a.shape, i)),
    ...freeA.map((i) => dim(a.shape, i)),
    ...freeB.map((i) => dim(b.shape, i)),
  ];
  return { freeA, freeB, shape, contracted: p.contractA.map((i) => dim(a.shape, i)) };
}
