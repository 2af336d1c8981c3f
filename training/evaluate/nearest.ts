import { type Embeddings, unitRows } from "./embeddings.ts";
import { similarityRows } from "./similarity.ts";

/** For each query the nearest rows of a gallery, the nearest first. */
export interface Neighbours {
  readonly count: number;
  /** Neighbours of each query. */
  readonly k: number;
  /** Rows of the gallery, `[count, k]`. */
  readonly indices: Int32Array;
  /** Cosine similarities, `[count, k]`. */
  readonly similarities: Float32Array;
}

export interface NearestOptions {
  /** Neighbours of each query; at most all there are. Default 20. */
  k?: number;
  /** Whether query i is row i of the gallery, which is then no neighbour of its own. Default false. */
  exceptSelf?: boolean;
}

/**
 * The nearest rows of a gallery by cosine similarity, exactly; of equals the earlier row is the nearer. The products are
 * computed on the device, some queries at a time; the nearest are picked on the host meanwhile.
 *
 * Memory: the gallery on the device, and `256 * gallery.count` numbers on the host.
 *
 * @example
 *   const { indices } = await nearest(embeddings, embeddings, { k: 8, exceptSelf: true });
 *
 * Source: training/evaluate/nearest.ts.
 */
export async function nearest(
  queries: Embeddings,
  gallery: Embeddings,
  options: NearestOptions = {},
): Promise<Neighbours> {
  const { exceptSelf = false } = options;
  const k = Math.min(options.k ?? 20, gallery.count - (exceptSelf ? 1 : 0));
  if (k < 1)
    throw new RangeError(`nearest: ${k} neighbours in a gallery of ${gallery.count} rows; need at least one`);
  const indices = new Int32Array(queries.count * k);
  const similarities = new Float32Array(queries.count * k);
  for await (const { from, count, scores } of similarityRows(unitRows(queries), unitRows(gallery))) {
    for (let i = 0; i < count; i++) {
      const query = from + i;
      pickLargest(
        scores.subarray(i * gallery.count, (i + 1) * gallery.count),
        exceptSelf ? query : -1,
        indices.subarray(query * k, (query + 1) * k),
        similarities.subarray(query * k, (query + 1) * k),
      );
    }
  }
  return { count: queries.count, k, indices, similarities };
}

/** The largest scores in falling order, and where they are. Few scores are inserted, since few are that large. */
function pickLargest(
  scores: Float32Array,
  except: number,
  indices: Int32Array,
  similarities: Float32Array,
): void {
  const k = indices.length;
  let filled = 0;
  let least = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < scores.length; j++) {
    const score = scores[j] as number;
    if ((filled === k && !(score > least)) || j === except) continue;
    let at = filled < k ? filled++ : k - 1;
    for (; at > 0 && (similarities[at - 1] as number) < score; at--) {
      similarities[at] = similarities[at - 1] as number;
      indices[at] = indices[at - 1] as number;
    }
    similarities[at] = score;
    indices[at] = j;
    least = similarities[filled - 1] as number;
  }
}
