import type { Tensor } from "../../mod.ts";
import { constantOf } from "./constants.ts";
import { contract } from "./contract.ts";
import type { FilterBank } from "./filter-bank.ts";
import { type ComplexMatrix, fourierMatrix, inverseFourierMatrix } from "./matrices.ts";
import { modulus } from "./modulus.ts";
import { levelOf, onMaps, type StageSpec, type WaveletStage } from "./wavelet-stage.ts";

/**
 * The wavelets of any number of angles: Fourier transform, product with each filter, fold, inverse transform. The
 * transforms are matrix products, with the padding in the forward one. A transform turns its axis into the last one,
 * with real and imaginary parts before the positions, so that it can be contracted as it stands by the next.
 */
export function spectralStage(spec: StageSpec, bank: FilterBank): WaveletStage {
  const { geometry, scale, angles } = spec;
  const level = levelOf(spec);
  const rows = geometry.padded[0] / 2 ** level;
  const columns = geometry.padded[1] / 2 ** level;
  const step = 2 ** (scale - level);
  const [height, width] = [rows / step, columns / step];

  const columnsForward = realToComplex(onMaps(spec, 1, fourierMatrix(columns)));
  const rowsForward = complexToComplex(onMaps(spec, 0, fourierMatrix(rows)));
  const rowsBack = complexToComplex(inverseFourierMatrix(height));
  const columnsBack = complexToComplex(inverseFourierMatrix(width));
  const filters = constantOf(transposedFilters(spec, bank, rows, columns), [
    ...[1, angles],
    ...[step, width, 1, step, height],
  ]);

  return (maps) => {
    const [count = 0] = maps.shape;
    const halfway = contract(maps, columnsForward(), [2], [2]); // [N, i, part, v]
    const spectrum = contract(halfway, rowsForward(), [2, 1], [2, 3]); // [N, v, part, u]
    // Folding adds up the frequencies that fall together when the result is subsampled.
    const filtered = spectrum.reshape([count, 1, step, width, 2, step, height]).mul(filters());
    const folded = filtered.sum({ axis: [2, 5] }); // [N, L, v, part, u]
    const backRows = contract(folded, rowsBack(), [3, 4], [2, 3]); // [N, L, v, part, p]
    const result = contract(backRows, columnsBack(), [3, 2], [2, 3]); // [N, L, p, part, q]
    const [re, im] = result.unstack({ axis: 3 }) as [Tensor, Tensor];
    return modulus(re, im);
  };
}

/** `[part, k, i]` for real input. */
function realToComplex({ re, im }: ComplexMatrix): () => Tensor {
  const values = new Float64Array(2 * re.values.length);
  values.set(re.values);
  values.set(im.values, re.values.length);
  return constantOf(values, [2, re.rows, re.columns]);
}

/** `[part out, k, part in, i]`: a complex matrix acting on real and imaginary parts. */
function complexToComplex({ re, im }: ComplexMatrix): () => Tensor {
  const { rows, columns } = re;
  const values = new Float64Array(4 * rows * columns);
  for (let k = 0; k < rows; k++) {
    for (let i = 0; i < columns; i++) {
      const [a, b] = [re.values[k * columns + i] as number, im.values[k * columns + i] as number];
      values[2 * k * columns + i] = a;
      values[(2 * k + 1) * columns + i] = -b;
      values[2 * (rows + k) * columns + i] = b;
      values[(2 * (rows + k) + 1) * columns + i] = a;
    }
  }
  return constantOf(values, [2, rows, 2, columns]);
}

/** `[angle, v, u]`, with the factor that folding divides by. */
function transposedFilters(spec: StageSpec, bank: FilterBank, rows: number, columns: number): Float64Array {
  const { angles, scale } = spec;
  const level = levelOf(spec);
  const folds = 4 ** (scale - level);
  const values = new Float64Array(angles * rows * columns);
  for (let angle = 0; angle < angles; angle++) {
    const filter = bank.psi[scale * angles + angle]?.levels[level] as Float64Array;
    for (let u = 0; u < rows; u++) {
      for (let v = 0; v < columns; v++) {
        values[(angle * columns + v) * rows + u] = (filter[u * columns + v] as number) / folds;
      }
    }
  }
  return values;
}
