import type { Embeddings } from "../evaluate/embeddings.ts";
import { unitRows } from "../evaluate/embeddings.ts";
import { eigenvalues } from "./eigenvalues.ts";

/**
 * How many directions embeddings use: the exponential of the entropy of their variances along the principal axes (rows
 * at unit length, mean taken off). Between 1 and the smaller of dimensions and images - 1; 0 when there is no variance
 * at all.
 *
 * Cost: images^2 * dimensions, and an eigenvalue decomposition of the smaller side.
 *
 * Source: training/monitors/spectrum.ts. Paper: Roy and Vetterli 2007, of the covariance's spectrum.
 */
export function effectiveRank(embeddings: Embeddings): number {
  const variances = eigenvalues(gram(centred(unitRows(embeddings)))).map((x) => Math.max(0, x));
  const total = variances.reduce((a, b) => a + b, 0);
  if (total <= embeddings.count * NOTHING) return 0;
  let entropy = 0;
  for (const x of variances) if (x > 0) entropy -= (x / total) * Math.log(x / total);
  return Math.exp(entropy);
}

/** Squared distance of rows at unit length that rounding in f32 can make. */
const NOTHING = 1e-11;

/**
 * Share of the dimensions that hardly change from image to image: their deviation is less than 1e-4 of the largest
 * value that a dimension of these embeddings takes. A ReLU that never opens is one.
 *
 * Source: training/monitors/spectrum.ts.
 */
export function deadDimensions({ count, width, values }: Embeddings): number {
  let largest = 0;
  for (const x of values) largest = Math.max(largest, Math.abs(x));
  let dead = 0;
  for (let k = 0; k < width; k++) {
    let mean = 0;
    for (let i = 0; i < count; i++) mean += (values[i * width + k] as number) / count;
    let variance = 0;
    for (let i = 0; i < count; i++) variance += ((values[i * width + k] as number) - mean) ** 2 / count;
    if (Math.sqrt(variance) <= 1e-4 * largest) dead++;
  }
  return dead / width;
}

function centred({ count, width, values }: Embeddings): Embeddings {
  const mean = new Float64Array(width);
  for (let i = 0; i < values.length; i++) mean[i % width]! += (values[i] as number) / count;
  return { count, width, values: values.map((x, i) => x - (mean[i % width] as number)) };
}

/** Products of rows or of columns, whichever are fewer: both have the same eigenvalues but for zeros. */
function gram({ count, width, values }: Embeddings): Float64Array[] {
  const byRow = count <= width;
  const [n, length] = byRow ? [count, width] : [width, count];
  const at = (i: number, k: number) => values[byRow ? i * width + k : k * width + i] as number;
  const matrix = Array.from({ length: n }, () => new Float64Array(n));
  const row = new Float64Array(length);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < length; k++) row[k] = at(i, k);
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += (row[k] as number) * at(j, k);
      (matrix[i] as Float64Array)[j] = sum;
      (matrix[j] as Float64Array)[i] = sum;
    }
  }
  return matrix;
}
