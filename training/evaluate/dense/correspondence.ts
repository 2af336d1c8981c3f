import { type Embeddings, similarities, unitRows } from "../embeddings.ts";

export interface Correspondence {
  /** For each region of the first picture the most similar one of the second. */
  readonly best: Int32Array;
  /** How similar they are (cosine). */
  readonly similarity: Float32Array;
  /** Regions of the first picture with the most similar partners, the best first. */
  readonly top: Int32Array;
  /** How far their partners are from where they should be, in pixels. */
  readonly distance: Float32Array;
  /** Share of the top regions whose partner is where it should be. */
  readonly accuracy: number;
}

/**
 * Whether regions of a picture find themselves in its mirror image.
 *
 * @param first Regions of the picture, row by row of a square grid.
 * @param second Those of the mirrored picture.
 * @param options.cell Pixels along a side of a region. Default 32.
 * @param options.top So many of the most similar pairs count. Default 10.
 *
 * Source: training/evaluate/dense/correspondence.ts. Paper: Li et al. 2022, section 4.4.
 */
export function correspondence(
  first: Embeddings,
  second: Embeddings,
  options: { cell?: number; top?: number } = {},
): Correspondence {
  const { cell = 32, top = 10 } = options;
  const { count } = first;
  const side = Math.round(Math.sqrt(count));
  const scores = similarities(unitRows(first), unitRows(second));
  const best = new Int32Array(count);
  const similarity = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const row = scores.subarray(i * count, (i + 1) * count);
    best[i] = row.indexOf(row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
    similarity[i] = row[best[i] as number] as number;
  }
  const falling = Array.from(similarity.keys()).sort(
    (a, b) => (similarity[b] as number) - (similarity[a] as number) || a - b,
  );
  const chosen = Int32Array.from(falling.slice(0, top));
  const distance = Float32Array.from(chosen, (region) => {
    const [row, column] = [Math.floor(region / side), side - 1 - (region % side)];
    const found = best[region] as number;
    return cell * Math.hypot(Math.floor(found / side) - row, (found % side) - column);
  });
  const accuracy = distance.reduce((hits, d) => hits + (d === 0 ? 1 : 0), 0) / Math.max(1, chosen.length);
  return { best, similarity, top: chosen, distance, accuracy };
}
