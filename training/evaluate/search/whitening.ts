import { type Embeddings, unitRows } from "../embeddings.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** Eigenvalues below this part of the largest are taken for it. */
const FLOOR = 1e-5;

/**
 * A change of features after which all directions count alike, learned from other pictures than those that are searched.
 *
 * The moments are those of the features as they are, the mean that is taken off before the projection is theirs too: the
 * published code mixes both, and so does this.
 *
 * @param features Of the pictures to learn from.
 * @returns Turns features into whitened ones of unit length.
 *
 * Cost: rows * width^2, and the eigenvectors of a matrix of that width, on the host.
 *
 * Source: training/evaluate/search/whitening.ts. Code: DINO's eval_copy_detection.
 */
export function whitening({ count, width, values }: Embeddings): (x: Embeddings) => Embeddings {
  const mean = new Float64Array(width);
  const moments = new Float64Array(width * width);
  for (let row = 0; row < count; row++) {
    const from = row * width;
    for (let i = 0; i < width; i++) {
      const x = values[from + i] as number;
      mean[i]! += x / count;
      for (let j = 0; j < width; j++) moments[i * width + j]! += (x * (values[from + j] as number)) / count;
    }
  }
  const { values: eigenvalues, vectors } = symmetricEigen(moments, width);
  const least = FLOOR * eigenvalues.reduce((a, b) => Math.max(a, b), 0);
  const scales = eigenvalues.map((value) => 1 / Math.sqrt(Math.max(value, least)));
  return (x) => {
    const projected = new Float32Array(x.values.length);
    for (let row = 0; row < x.count; row++) {
      for (let d = 0; d < width; d++) {
        let sum = 0;
        for (let i = 0; i < width; i++) {
          sum +=
            ((x.values[row * width + i] as number) - (mean[i] as number)) *
            (vectors[d * width + i] as number);
        }
        projected[row * width + d] = sum * (scales[d] as number);
      }
    }
    return unitRows({ count: x.count, width, values: projected });
  };
}
