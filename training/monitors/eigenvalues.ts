/**
 * The eigenvalues of a symmetric matrix, in no order. The matrix is used up.
 *
 * Householder reflections bring it to three diagonals, and QL sweeps with implicit shifts to one.
 *
 * Source: training/monitors/eigenvalues.ts. Golub and Van Loan, Matrix Computations, section 8.3.
 */
export function eigenvalues(matrix: readonly Float64Array[]): number[] {
  const n = matrix.length;
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n); // beside[i] couples i and i + 1
  tridiagonalise(matrix, diagonal, beside);
  for (let from = 0; from < n; from++) {
    for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
      const to = blockEnd(diagonal, beside, from);
      if (to === from) break;
      sweepOnce(diagonal, beside, from, to);
    }
  }
  return [...diagonal];
}

const MOST_SWEEPS = 60;

/** Reflects the columns one after the other, so that each keeps its diagonal and one neighbour. */
function tridiagonalise(a: readonly Float64Array[], diagonal: Float64Array, beside: Float64Array): void {
  const n = a.length;
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  const row = (i: number) => a[i] as Float64Array;
  for (let k = 0; k < n; k++) {
    diagonal[k] = row(k)[k] as number;
    if (k === n - 1) break;
    let square = 0;
    for (let i = k + 1; i < n; i++) square += (row(i)[k] as number) ** 2;
    const first = row(k + 1)[k] as number;
    const reflected = first > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    beside[k] = reflected;
    const scale = square - first * reflected; // half the squared length of v
    if (scale <= 0) continue;
    for (let i = k + 1; i < n; i++) v[i] = (row(i)[k] as number) - (i === k + 1 ? reflected : 0);
    let along = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += (row(i)[j] as number) * (v[j] as number);
      p[i] = sum / scale;
      along += ((v[i] as number) * (p[i] as number)) / (2 * scale);
    }
    for (let i = k + 1; i < n; i++) p[i] = (p[i] as number) - along * (v[i] as number);
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j < n; j++) {
        row(i)[j]! -= (v[i] as number) * (p[j] as number) + (p[i] as number) * (v[j] as number);
      }
    }
  }
}

/** The last index of the block from `from` on that is not cut by a coupling too small to matter. */
function blockEnd(diagonal: Float64Array, beside: Float64Array, from: number): number {
  let to = from;
  while (to < diagonal.length - 1) {
    const size = Math.abs(diagonal[to] as number) + Math.abs(diagonal[to + 1] as number);
    if (Math.abs(beside[to] as number) <= Number.EPSILON * size) break;
    to++;
  }
  return to;
}

function sweepOnce(d: Float64Array, e: Float64Array, from: number, to: number): void {
  const gap = ((d[from + 1] as number) - (d[from] as number)) / (2 * (e[from] as number));
  const root = Math.hypot(gap, 1);
  let g = (d[to] as number) - (d[from] as number) + (e[from] as number) / (gap + (gap < 0 ? -root : root));
  let [sine, cosine, taken] = [1, 1, 0];
  for (let i = to - 1; i >= from; i--) {
    const f = sine * (e[i] as number);
    const b = cosine * (e[i] as number);
    const r = Math.hypot(f, g);
    if (i + 1 < to) e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = (d[i + 1] as number) - taken;
      return;
    }
    sine = f / r;
    cosine = g / r;
    const h = (d[i + 1] as number) - taken;
    const q = ((d[i] as number) - h) * sine + 2 * cosine * b;
    taken = sine * q;
    d[i + 1] = h + taken;
    g = cosine * q - b;
  }
  d[from] = (d[from] as number) - taken;
  e[from] = g;
}
