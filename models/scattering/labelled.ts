import { einsum, type Tensor } from "../../mod.ts";

/** A tensor whose axes have names of one letter. */
export interface Labelled {
  readonly x: Tensor;
  readonly axes: string;
}

/** The axes other than these. */
export const without = (axes: string, letters: string): string =>
  [...axes].filter((letter) => !letters.includes(letter)).join("");

/**
 * Sums products over the axes that are not among `to`. Which factor comes first decides how the result lies in memory:
 * axes that are only in the last one are the fastest.
 */
export function product(to: string, ...factors: readonly Labelled[]): Labelled {
  const spec = `${factors.map(({ axes }) => axes).join(",")}->${to}`;
  return { x: einsum(spec, ...factors.map(({ x }) => x)), axes: to };
}

/** An axis as two, the first of a given size. */
export function splitAxis({ x, axes }: Labelled, letter: string, outer: string, size: number): Labelled {
  const at = axes.indexOf(letter);
  const shape = x.shape.flatMap((n, i) => (i === at ? [size, n / size] : [n]));
  return { x: x.reshape(shape), axes: axes.replace(letter, outer + letter) };
}
