import { type Embeddings, similarities, unitRows } from "./embeddings.ts";

/** Embeddings with the class of each row, 0 to classes - 1. */
export interface Labelled {
  readonly embeddings: Embeddings;
  readonly labels: ArrayLike<number>;
}

export interface KnnOptions {
  /** Neighbours that vote. Default 20. */
  k?: number;
  /** A vote weighs exp(cosine similarity / temperature). Default 0.07. */
  temperature?: number;
}

/**
 * Share of the test rows whose nearest training rows vote for their class.
 *
 * Source: training/evaluate/knn.ts. Paper: Wu et al. 2018, section 3.4.
 */
export function knnAccuracy(train: Labelled, test: Labelled, options: KnnOptions = {}): number {
  const { k = 20, temperature = 0.07 } = options;
  const count = train.embeddings.count;
  const scores = similarities(unitRows(test.embeddings), unitRows(train.embeddings));
  const classes = 1 + Math.max(...Array.from(train.labels), ...Array.from(test.labels));
  let hits = 0;
  for (let i = 0; i < test.embeddings.count; i++) {
    const row = scores.subarray(i * count, (i + 1) * count);
    const order = Array.from(row, (_, j) => j).sort(
      (a, b) => (row[b] as number) - (row[a] as number) || a - b,
    );
    const votes = new Float64Array(classes);
    for (const j of order.slice(0, k)) {
      votes[train.labels[j] as number]! += Math.exp((row[j] as number) / temperature);
    }
    if (votes.indexOf(Math.max(...votes)) === test.labels[i]) hits++;
  }
  return hits / test.embeddings.count;
}
