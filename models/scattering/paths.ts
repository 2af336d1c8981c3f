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

/**
 * The channel of a path: the inverse of `scatteringPaths`.
 *
 * @param path.scales `j` of each wavelet; none for the average of the image itself.
 * @param path.angles Number of the angle of each wavelet, as many as there are scales.
 * @throws {RangeError} If there is no such path.
 */
export function channelOf(
  { scales, angles }: Pick<ScatteringPath, "scales" | "angles">,
  J: number,
  L: number,
  maxOrder: 1 | 2,
): number {
  const [j1 = -1, j2] = scales;
  const [t1 = 0, t2 = 0] = angles;
  const whole = (x: number, end: number) => Number.isInteger(x) && x >= 0 && x < end;
  const fits =
    scales.length === angles.length &&
    scales.length <= maxOrder &&
    scales.every((j, i) => whole(j, J) && (i === 0 || j > (scales[i - 1] as number))) &&
    angles.every((t) => whole(t, L));
  if (!fits)
    throw new RangeError(
      `scattering2d: there is no path of scales [${scales}] and angles [${angles}]; \`paths\` lists them`,
    );
  if (scales.length === 0) return 0;
  if (j2 === undefined) return 1 + j1 * L + t1;
  let before = 0;
  for (let i = 0; i < j1; i++) before += J - 1 - i;
  return 1 + J * L + L ** 2 * before + t1 * L * (J - 1 - j1) + (j2 - j1 - 1) * L + t2;
}
