/**
 * A map at another size: bilinear between the centres of its cells, and level beyond the outermost ones.
 *
 * @param map `[rows, columns]`
 * @returns `[height, width]`
 *
 * Source: training/evaluate/dense/smooth.ts. As PyTorch's `interpolate` in bilinear mode.
 */
export function smoothed(
  map: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  [height, width]: readonly [number, number],
): Float32Array {
  const across = Array.from({ length: width }, (_, x) => between(x, width, columns));
  const result = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = between(y, height, rows);
    across.forEach(([left, right, part], x) => {
      const line = (row: number) =>
        mix(map[row * columns + left] as number, map[row * columns + right] as number, part);
      result[y * width + x] = mix(line(top), line(bottom), down);
    });
  }
  return result;
}

const mix = (a: number, b: number, part: number): number => a + (b - a) * part;

/** The two cells of `n` that place `at` of `size` lies between, and how far from the first. */
function between(at: number, size: number, n: number): readonly [low: number, high: number, part: number] {
  const source = Math.max(0, ((at + 0.5) * n) / size - 0.5);
  const low = Math.min(n - 1, Math.floor(source));
  return [low, Math.min(n - 1, low + 1), source - low];
}
