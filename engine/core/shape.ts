import { axisError, shapeError } from "./errors.ts";

export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Elements along some axes. */
export const sizeAlong = (shape: Shape, axes: readonly number[]): number =>
  axes.reduce((n, a) => n * dim(shape, a), 1);

export const shapesEqual = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** The size of axis `i`; for indices already known to be valid. */
export const dim = (shape: Shape, i: number): number => shape[i] as number;

/** The numbers from `first` on, so many of them. */
export const range = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** The axes of a tensor of that rank that are in none of the lists. */
export const otherAxes = (rank: number, ...lists: (readonly number[])[]): number[] =>
  range(rank).filter((i) => !lists.some((list) => list.includes(i)));

/** A number is a list of one. */
export const listOf = (x: number | readonly number[]): readonly number[] => (typeof x === "number" ? [x] : x);

/** Turns a possibly negative axis into 0..rank-1. */
export function normalizeAxis(axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || a < 0 || a >= rank) {
    throw axisError({
      problem: `axis ${axis} is outside a tensor of rank ${rank}`,
      need: `-${rank} <= axis < ${rank}`,
    });
  }
  return a;
}

/** Axes as sorted, distinct 0..rank-1; `undefined` means all of them. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return range(rank);
  const list = listOf(axes).map((a) => normalizeAxis(a, rank));
  const distinct = [...new Set(list)].sort((a, b) => a - b);
  if (distinct.length !== list.length) {
    throw axisError({ problem: "an axis is named twice", got: { axes: list } });
  }
  return distinct;
}

/** The shape that all `shapes` broadcast to, by the rules of the array API standard. */
export function broadcastShapes(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      const n = dim(shape, i);
      const m = dim(out, at);
      if (n === m || n === 1) continue;
      if (m !== 1) {
        throw shapeError({
          problem: "shapes do not broadcast",
          got: Object.fromEntries(shapes.map((s, j) => [String.fromCharCode(97 + j), s])),
          need: "axes, counted from the last, that are equal or 1",
        });
      }
      out[at] = n;
    }
  }
  return out;
}

/** Refuses sizes that are not non-negative integers. */
export function checkShape(shape: Shape): void {
  for (const n of shape) {
    if (!Number.isSafeInteger(n) || n < 0) {
      throw shapeError({
        problem: `${n} is not a size`,
        got: { shape },
        need: "non-negative integers",
      });
    }
  }
}

/** Shape with the axes set to 1 (`keepDims`) or removed. */
export const dropAxes = (shape: Shape, axes: readonly number[], keepDims: boolean): number[] =>
  keepDims ? shape.map((n, i) => (axes.includes(i) ? 1 : n)) : shape.filter((_, i) => !axes.includes(i));

/** The shape without one axis. */
export const withoutAxis = (shape: Shape, axis: number): number[] => shape.filter((_, i) => i !== axis);

/** The shape with one more axis, at `axis`. */
export const withAxis = (shape: Shape, axis: number, size: number): number[] => [
  ...shape.slice(0, axis),
  size,
  ...shape.slice(axis),
];

/** The shape with another size at `axis`. */
export const replaceAxis = (shape: Shape, axis: number, size: number): number[] =>
  shape.map((n, i) => (i === axis ? size : n));
