/** Rows and columns. */
export type Size = readonly [rows: number, columns: number];

/** Where an image lies on the periodic grid that all filters work on. */
export interface Geometry {
  readonly image: Size;
  readonly padded: Size;
  /** Size of each output map. */
  readonly output: Size;
  /** Per axis, the image position that each padded position shows. */
  readonly sources: readonly [rows: readonly number[], columns: readonly number[]];
}

/**
 * Reflection without repeating the edge, up to the next multiple of `2^J` with one output sample to spare on each
 * side; those two samples are dropped from the result.
 */
export function geometry(size: Size, scales: number, padded: boolean): Geometry {
  const step = 2 ** scales;
  const grid = (n: number) => (padded ? n : (Math.floor(n / step) + 2) * step);
  const pads: Size = [grid(size[0]), grid(size[1])];
  return {
    image: size,
    padded: pads,
    output: [pads[0] / step - 2, pads[1] / step - 2],
    sources: [reflection(size[0], pads[0]), reflection(size[1], pads[1])],
  };
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
