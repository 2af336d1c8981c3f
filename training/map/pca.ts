import type { Embeddings } from "../evaluate/embeddings.ts";
import { hostRandom } from "../evaluate/random.ts";

export interface PrincipalComponents {
  /** `[count, components]`: the rows along the directions of most variance, the largest first. */
  readonly coordinates: Embeddings;
  /** Part of the whole variance along each direction. */
  readonly shares: readonly number[];
}

const ROUNDS = 30;

/**
 * Principal components by subspace iteration on the centred rows. Deterministic: the directions start from a fixed seed,
 * and each is turned so that its largest part is positive.
 *
 * @param components How many, at most the width. Default 2.
 *
 * Source: training/map/pca.ts. Book: Golub and Van Loan 2013, section 8.2.
 */
export function principalComponents(embeddings: Embeddings, components = 2): PrincipalComponents {
  const { count, width } = embeddings;
  const wanted = Math.min(components, width);
  const rows = centred(embeddings);
  let total = 0;
  for (const value of rows) total += value * value;
  // A few more directions than wanted: they turn to the subspace sooner.
  const tracked = Math.min(width, wanted + 4);
  const random = hostRandom(1);
  let basis = Float64Array.from({ length: tracked * width }, () => random() - 0.5);
  orthonormalise(basis, tracked, width);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(tracked * width);
    const along = new Float64Array(tracked);
    for (let i = 0; i < count; i++) {
      project(rows, i * width, width, basis, tracked, along);
      for (let d = 0; d < tracked; d++) {
        const factor = along[d] as number;
        for (let k = 0; k < width; k++) next[d * width + k]! += factor * (rows[i * width + k] as number);
      }
    }
    orthonormalise(next, tracked, width);
    basis = next;
  }
  for (let d = 0; d < wanted; d++) turn(basis.subarray(d * width, (d + 1) * width));
  const values = new Float32Array(count * wanted);
  const variance = new Float64Array(wanted);
  const along = new Float64Array(wanted);
  for (let i = 0; i < count; i++) {
    project(rows, i * width, width, basis, wanted, along);
    for (let d = 0; d < wanted; d++) {
      values[i * wanted + d] = along[d] as number;
      variance[d]! += (along[d] as number) ** 2;
    }
  }
  const shares = Array.from(variance, (each) => (total === 0 ? 0 : each / total));
  return { coordinates: { count, width: wanted, values }, shares };
}

function centred({ count, width, values }: Embeddings): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < values.length; i++) mean[i % width]! += (values[i] as number) / Math.max(1, count);
  return Float64Array.from(values, (value, i) => value - (mean[i % width] as number));
}

function project(
  rows: Float64Array,
  from: number,
  width: number,
  basis: Float64Array,
  directions: number,
  along: Float64Array,
): void {
  for (let d = 0; d < directions; d++) {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += (rows[from + k] as number) * (basis[d * width + k] as number);
    along[d] = sum;
  }
}

/** Gram and Schmidt, twice, since once leaves rounding behind. What vanishes stays a row of zeros. */
function orthonormalise(basis: Float64Array, directions: number, width: number): void {
  const row = (d: number) => basis.subarray(d * width, (d + 1) * width);
  for (let d = 0; d < directions; d++) {
    const mine = row(d);
    for (let pass = 0; pass < 2; pass++) {
      for (let e = 0; e < d; e++) {
        const other = row(e);
        const along = dot(mine, other);
        for (let k = 0; k < width; k++) mine[k]! -= along * (other[k] as number);
      }
    }
    const length = Math.sqrt(dot(mine, mine));
    for (let k = 0; k < width; k++) mine[k] = length > 1e-200 ? (mine[k] as number) / length : 0;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}

/** Turns a direction so that its largest part is positive. */
function turn(direction: Float64Array): void {
  let largest = 0;
  for (const value of direction) if (Math.abs(value) > Math.abs(largest)) largest = value;
  if (largest < 0) for (let k = 0; k < direction.length; k++) direction[k] = -(direction[k] as number);
}
