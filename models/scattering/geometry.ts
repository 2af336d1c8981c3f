/** Rows and columns. */
export type Size = readonly [rows: number, columns: number];

/** Where an image lies on the periodic grid that all filters work on. */
export interface Geometry {
  /** Size of what comes in. */
  readonly input: Size;
  readonly padded: Size;
  /** Size of each output map. */
  readonly output: Size;
  /** Per axis, the input position that each padded position shows; null where the input comes padded. */
  readonly sources: readonly [rows: readonly number[], columns: readonly number[]] | null;
}

/**
 * Reflection without repeating the edge, up to the next multiple of `2^J` with one output sample to spare on each
 * side; those two samples are dropped from the result.
 */
export function geometry(image: Size, scales: number, prePadded = false): Geometry {
  const step = 2 ** scales;
  const output: Size = [Math.floor(image[0] / step), Math.floor(image[1] / step)];
  const padded: Size = [(output[0] + 2) * step, (output[1] + 2) * step];
  if (prePadded) return { input: padded, padded, output, sources: null };
  const sources = [reflection(image[0], padded[0]), reflection(image[1], padded[1])] as const;
  return { input: image, padded, output, sources };
}

/** Also right where the pad is as large as the image, which other reflections refuse. */
function reflection(size: number, padded: number): number[] {
  const before = Math.floor((padded - size) / 2);
  const period = Math.max(1, 2 * size - 2);
  return Array.from({ length: padded }, (_, i) => {
    const k = Math.abs(i - before) % period;
    return k < size ? k : period - k;
  });
}
