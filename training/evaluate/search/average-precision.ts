import { type Embeddings, similarities } from "../embeddings.ts";

/** What a search for one query may find. */
export interface Relevance {
  /** Rows of the database that show the same thing. */
  readonly ok: ArrayLike<number>;
  /** Rows that count neither way. */
  readonly junk?: ArrayLike<number>;
}

/** Rows of a database by falling product with each query, `[queries][rows]`; of equals the earlier row comes first. */
export function ranking(queries: Embeddings, database: Embeddings): Int32Array[] {
  const scores = similarities(queries, database);
  const { count } = database;
  return Array.from({ length: queries.count }, (_, q) => {
    const row = scores.subarray(q * count, (q + 1) * count);
    return Int32Array.from(row.keys()).sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
  });
}

/**
 * Average precision of one ranking: the area under precision over recall by the trapezoid rule, junk left out.
 *
 * Source: training/evaluate/search/average-precision.ts. Measure: Philbin et al. 2007; Radenovic et al. 2018.
 */
export function averagePrecision(ranked: ArrayLike<number>, { ok, junk = [] }: Relevance): number {
  const [right, ignored] = [new Set(Array.from(ok)), new Set(Array.from(junk))];
  let [place, found, area] = [0, 0, 0];
  for (const row of Array.from(ranked)) {
    if (ignored.has(row)) continue;
    if (right.has(row)) {
      const before = place === 0 ? 1 : found / place;
      found++;
      area += (before + found / (place + 1)) / 2 / right.size;
    }
    place++;
  }
  return area;
}

/** The mean over queries. */
export function meanAveragePrecision(
  ranked: readonly ArrayLike<number>[],
  truth: readonly Relevance[],
): number {
  const each = ranked.map((row, q) => averagePrecision(row, truth[q] as Relevance));
  return each.reduce((a, b) => a + b, 0) / Math.max(1, each.length);
}
