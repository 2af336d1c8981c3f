import { type Embeddings, similarities, unitRows } from "./embeddings.ts";

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
 *   const [first, amongFive] = retrieval(twemoji, noto);
 *
 * Source: training/evaluate/retrieval.ts.
 */
export function retrieval(
  query: Embeddings,
  gallery: Embeddings,
  ranks: readonly number[] = [1, 5],
): number[] {
  if (query.count !== gallery.count) {
    throw new RangeError(`retrieval: ${query.count} queries in a gallery of ${gallery.count}; need pairs`);
  }
  const { count } = query;
  const scores = similarities(unitRows(query), unitRows(gallery));
  const hits = ranks.map(() => 0);
  for (let i = 0; i < count; i++) {
    const right = scores[i * count + i] as number;
    let nearer = 0;
    for (let j = 0; j < count; j++) {
      const score = scores[i * count + j] as number;
      if (score > right || (score === right && j < i)) nearer++;
    }
    ranks.forEach((rank, r) => {
      if (nearer < rank) hits[r]!++;
    });
  }
  return hits.map((hit) => hit / count);
}
