/**
 * The patches that a head attends to: those with the largest attention that together hold `part` of it.
 *
 * @param attention Of one token (the class token) to each patch, without the column of the token itself. It need not
 *   add up to 1.
 * @param part Of the whole attention, 0 to 1. Default 0.6.
 * @returns 1 for each patch that is kept, 0 for the others.
 *
 * Source: training/evaluate/dense/attention-mask.ts. Code: DINO's visualize_attention.
 */
export function attentionMask(attention: ArrayLike<number>, part = 0.6): Uint8Array {
  const weights = Float64Array.from(attention);
  const total = weights.reduce((a, b) => a + b, 0);
  const rising = Array.from(weights.keys()).sort(
    (a, b) => (weights[a] as number) - (weights[b] as number) || a - b,
  );
  const mask = new Uint8Array(weights.length);
  let sum = 0;
  for (const patch of rising) {
    sum += (weights[patch] as number) / total;
    if (sum > 1 - part) mask[patch] = 1;
  }
  return mask;
}

/** A map `[rows, columns]` with each value `factor` times in both directions. */
export function enlarged(
  map: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  factor: number,
): Float32Array {
  const width = columns * factor;
  return Float32Array.from({ length: rows * factor * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return map[Math.floor(row / factor) * columns + Math.floor(column / factor)] as number;
  });
}
