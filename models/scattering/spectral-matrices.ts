import type { Tensor } from "../../mod.ts";
import { constantOf } from "./constants.ts";
import { afterPadding, type ComplexMatrix } from "./matrices.ts";

// Matrices that act on complex numbers as pairs of real ones. Letters of axes: p, r (or q, s) the two parts of a
// position, u, w (or v, x) those of a frequency, d and e the real and imaginary part; see radix.ts.

/** `exp(2 pi i turns)`, exact on the axes; `turns` as a fraction, reduced first. */
function unit(numerator: number, denominator: number): readonly [number, number] {
  const k = ((numerator % denominator) + denominator) % denominator;
  const quarter = (4 * k) / denominator;
  if (Number.isInteger(quarter)) {
    return [[1, 0, -1, 0][quarter] as number, [0, 1, 0, -1][quarter] as number];
  }
  const angle = (2 * Math.PI * k) / denominator;
  return [Math.cos(angle), Math.sin(angle)];
}

interface PairMatrix {
  /** Sizes of the axes in front of the input. */
  readonly batch?: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Whether the input is real, without the axis of its parts. */
  readonly real?: boolean;
  readonly scale?: number;
  /** The angle of an entry, in turns. */
  readonly turns: (batch: number, input: number, output: number) => readonly [number, number];
}

/** `[batch, input, part, output, part]`, without the axes that there are none of. */
function pairMatrix({ batch, inputs, outputs, real, scale = 1, turns }: PairMatrix): () => Tensor {
  const values: number[] = [];
  for (let b = 0; b < (batch ?? 1); b++) {
    for (let i = 0; i < inputs; i++) {
      const row = Array.from({ length: outputs }, (_, k) => unit(...turns(b, i, k)));
      for (const [re, im] of row) values.push(scale * re, scale * im);
      if (!real) for (const [re, im] of row) values.push(-scale * im, scale * re);
    }
  }
  const shape = [...(batch ? [batch] : []), inputs, ...(real ? [] : [2]), outputs, 2];
  return constantOf(Float64Array.from(values), shape);
}

/** First step forward, over the coarse part of positions: `[r, w, d]` of real signals, `[r, e, w, d]` of complex ones. */
export const forwardFirst = (fine: number, real: boolean) =>
  pairMatrix({ inputs: fine, outputs: fine, real, turns: (_, r, w) => [-r * w, fine] });

/** Second step forward, `[w, p, d, u, e]`. */
export const forwardSecond = (n: number, fine: number) =>
  pairMatrix({
    batch: fine,
    inputs: n / fine,
    outputs: n / fine,
    turns: (w, p, u) => [-p * (u * fine + w), n],
  });

/** First step back, `[u, e, p, d]`. */
export const backFirst = (n: number, fine: number) =>
  pairMatrix({ inputs: n / fine, outputs: n / fine, turns: (_, u, p) => [u * p * fine, n] });

/** Second step back, `[p, w, d, r, e]`, with the factor `1 / n`. */
export const backSecond = (n: number, fine: number) =>
  pairMatrix({
    batch: n / fine,
    inputs: fine,
    outputs: fine,
    scale: 1 / n,
    turns: (p, w, r) => [w * (p + (n / fine) * r), n],
  });

/** Both steps forward at once, for images that come unpadded: `[i, part, k, part]`, or `[i, k, part]` for real ones. */
export function paddedForward(
  { re, im }: ComplexMatrix,
  sources: readonly number[] | null,
  size: number,
  real: boolean,
): () => Tensor {
  const [a, b] = sources ? [re, im].map((m) => afterPadding(m, sources, size)) : [re, im];
  const { rows, columns } = a as typeof re;
  const at = (m: typeof re | undefined, k: number, i: number) => m?.values[k * columns + i] as number;
  const values: number[] = [];
  for (let i = 0; i < columns; i++) {
    for (let k = 0; k < rows; k++) values.push(at(a, k, i), at(b, k, i));
    if (!real) for (let k = 0; k < rows; k++) values.push(-at(b, k, i), at(a, k, i));
  }
  return constantOf(Float64Array.from(values), [columns, ...(real ? [] : [2]), rows, 2]);
}
