import type { Embeddings } from "./embeddings.ts";

/**
 * Brings each feature to zero mean and unit deviation in these rows, and other rows alike. A feature that never changes
 * becomes 0.
 *
 * @param floor Added to the deviations, so that features which hardly change are not blown up. With 0, a deviation of 0
 *   counts as 1.
 *
 * Source: training/evaluate/standardise.ts.
 */
export function standardiser(
  { count, width, values }: Embeddings,
  floor = 1e-6,
): (rows: Embeddings) => Embeddings {
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  const eachRow = (visit: (from: number) => void) => {
    for (let i = 0; i < count; i++) visit(i * width);
  };
  eachRow((from) => {
    for (let k = 0; k < width; k++) mean[k]! += (values[from + k] as number) / count;
  });
  eachRow((from) => {
    for (let k = 0; k < width; k++) {
      variance[k]! += ((values[from + k] as number) - (mean[k] as number)) ** 2 / count;
    }
  });
  const scale = variance.map((each) => 1 / (Math.sqrt(each) + floor || 1));
  return (rows) => {
    const scaled = new Float32Array(rows.values.length);
    for (let i = 0; i < rows.count; i++) {
      const from = i * width;
      for (let k = 0; k < width; k++) {
        scaled[from + k] = ((rows.values[from + k] as number) - (mean[k] as number)) * (scale[k] as number);
      }
    }
    return { ...rows, values: scaled };
  };
}
