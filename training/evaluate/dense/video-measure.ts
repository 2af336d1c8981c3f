/** A mask `[rows, columns]`: what is not 0 belongs to the object. */
export type Mask = ArrayLike<number>;

/** Region similarity J of a mask: intersection over union, 1 where both are empty. */
export function regionSimilarity(prediction: Mask, truth: Mask): number {
  let [common, either] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (prediction[i] && truth[i]) common++;
    if (prediction[i] || truth[i]) either++;
  }
  return either === 0 ? 1 : common / either;
}

/** Part of the diagonal by which two boundaries may miss each other. */
const TOLERANCE = 0.008;

/**
 * Contour accuracy F of a mask: the harmonic mean of the shares of its boundary near the true one, and of the true one
 * near it.
 *
 * Source: training/evaluate/dense/video-measure.ts. Measure: DAVIS 2017 (Pont-Tuset et al. 2017).
 */
export function contourAccuracy(
  prediction: Mask,
  truth: Mask,
  size: readonly [rows: number, columns: number],
): number {
  const radius = Math.ceil(TOLERANCE * Math.hypot(...size));
  const [mine, theirs] = [boundary(prediction, size), boundary(truth, size)];
  const [some, others] = [count(mine), count(theirs)];
  if (some === 0 && others === 0) return 1;
  if (some === 0 || others === 0) return 0;
  const precision = shareWithin(mine, dilated(theirs, size, radius), some);
  const recall = shareWithin(theirs, dilated(mine, size, radius), others);
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

const count = (mask: Uint8Array): number => mask.reduce((a, b) => a + b, 0);

const shareWithin = (mask: Uint8Array, other: Uint8Array, total: number): number =>
  mask.reduce((sum, v, i) => sum + (v && other[i] ? 1 : 0), 0) / total;

/** Pixels that differ from the one to the right, the one below, or the one below to the right. */
function boundary(mask: Mask, [rows, columns]: readonly [number, number]): Uint8Array {
  const at = (r: number, c: number) =>
    mask[Math.min(rows - 1, r) * columns + Math.min(columns - 1, c)] ? 1 : 0;
  return Uint8Array.from({ length: rows * columns }, (_, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    const own = at(r, c);
    return own !== at(r, c + 1) || own !== at(r + 1, c) || own !== at(r + 1, c + 1) ? 1 : 0;
  });
}

function dilated(mask: Uint8Array, [rows, columns]: readonly [number, number], radius: number): Uint8Array {
  const result = new Uint8Array(mask.length);
  mask.forEach((v, i) => {
    if (!v) return;
    const [row, column] = [Math.floor(i / columns), i % columns];
    for (let r = Math.max(0, row - radius); r <= Math.min(rows - 1, row + radius); r++) {
      const reach = Math.floor(Math.sqrt(radius ** 2 - (r - row) ** 2));
      const from = Math.max(0, column - reach);
      result.fill(1, r * columns + from, r * columns + Math.min(columns - 1, column + reach) + 1);
    }
  });
  return result;
}
