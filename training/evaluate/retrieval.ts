import { type Embeddings, unitRows } from "./embeddings.ts";
import { similarityRows } from "./similarity.ts";

/**
 * How often the nearest of the gallery shows the same thing as the query, and how often one of the nearest few does.
 *
 * Row i of both shows the same thing. Nearness is cosine similarity; of equals the earlier row is the nearer.
 *
 * @param ranks How many of the nearest count, one result for each. Default 1 and 5.
 * @returns Shares of the queries, 0 to 1.
 * @throws {RangeError} If the two have different numbers of rows.
 *
 * @example
 *   const [first, amongFive] = await retrieval(twemoji, noto);
 *
 * Source: training/evaluate/retrieval.ts.
 */
export async function retrieval(
  query: Embeddings,
  gallery: Embeddings,
  ranks: readonly number[] = [1, 5],
): Promise<number[]> {
  if (query.count !== gallery.count) {
    throw new RangeError(`retrieval: ${query.count} queries in a gallery of ${gallery.count}; need pairs`);
  }
  const total = gallery.count;
  const hits = ranks.map(() => 0);
  for await (const { from, count, scores } of similarityRows(unitRows(query), unitRows(gallery))) {
    for (let i = 0; i < count; i++) {
      const row = scores.subarray(i * total, (i + 1) * total);
      const right = row[from + i] as number;
      let nearer = 0;
      for (let j = 0; j < total; j++) {
        const score = row[j] as number;
        // What cannot be compared, since it is no number, has not been found.
        const farther = score < right || (score === right && j >= from + i);
        if (!farther) nearer++;
      }
      ranks.forEach((rank, r) => {
        if (nearer < rank) hits[r]!++;
      });
    }
  }
  return hits.map((hit) => hit / Math.max(1, total));
}
