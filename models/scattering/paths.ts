/** The way that one output channel takes through the cascade. Tuples have one entry per order: none for order 0. */
export interface ScatteringPath {
  readonly order: 0 | 1 | 2;
  /** `j` of each wavelet. */
  readonly scales: readonly number[];
  /** Number of the angle of each wavelet, 0 to L - 1. */
  readonly angles: readonly number[];
  /** Number of each wavelet in the filter bank, `j * L + angle`. */
  readonly wavelets: readonly number[];
}

/** All paths in the order of the output channels: second wavelets are coarser than the first. */
export function scatteringPaths(scales: number, angles: number, maxOrder: 1 | 2): ScatteringPath[] {
  const wavelets = Array.from({ length: scales * angles }, (_, n) => n);
  const path = (...through: number[]): ScatteringPath => ({
    order: through.length as 0 | 1 | 2,
    scales: through.map((n) => Math.floor(n / angles)),
    angles: through.map((n) => n % angles),
    wavelets: through,
  });
  const second = wavelets.flatMap((n1) =>
    wavelets.flatMap((n2) => (Math.floor(n2 / angles) > Math.floor(n1 / angles) ? [path(n1, n2)] : [])),
  );
  return [path(), ...wavelets.map((n) => path(n)), ...(maxOrder === 2 ? second : [])];
}
