/**
 * Eigenvalues and eigenvectors of a symmetric matrix by rotations.
 *
 * @param matrix `[n, n]`; it is left as it is.
 * @returns `values`, in no order, and for each its vector of unit length, the rows of `vectors` `[n, n]`.
 *
 * Cost: about 10 n^3 per sweep, some ten sweeps.
 *
 * Source: training/evaluate/search/symmetric-eigen.ts. Book: Golub and Van Loan 2013, section 8.5 (Jacobi).
 */
export function symmetricEigen(
  matrix: ArrayLike<number>,
  n: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = Float64Array.from(matrix);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  let size = 0;
  for (const x of a) size += x * x;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let outside = 0;
    for (let p = 0; p < n; p++) for (let q = 0; q < p; q++) outside += (a[p * n + q] as number) ** 2;
    if (outside <= 1e-30 * size) break;
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i] as number), vectors };
}

const SWEEPS = 30;

/** Makes the element at (p, q) zero. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const off = a[p * n + q] as number;
  if (off === 0) return;
  const half = ((a[q * n + q] as number) - (a[p * n + p] as number)) / (2 * off);
  const t = (half >= 0 ? 1 : -1) / (Math.abs(half) + Math.hypot(half, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (m: Float64Array, i: number, j: number) => {
    const [x, y] = [m[i] as number, m[j] as number];
    m[i] = c * x - s * y;
    m[j] = s * x + c * y;
  };
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k);
  for (let k = 0; k < n; k++) turn(vectors, p * n + k, q * n + k);
}
