import type { Shape } from "../core/shape.ts";

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
