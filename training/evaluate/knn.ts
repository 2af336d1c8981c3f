import { type Classified, classesOf, judge, type Labelled, largestAt } from "./labelled.ts";
import { type Neighbours, nearest } from "./nearest.ts";

export type { Labelled } from "./labelled.ts";

export interface KnnOptions {
  /** Neighbours that vote; at most all there are. Default 20; DINO tries 10, 20, 100 and 200. */
  k?: number;
  /** A vote weighs exp(cosine similarity / temperature); `Infinity` counts votes. Default 0.07. */
  temperature?: number;
}

/**
 * Classifies each test row by the votes of its nearest training rows. Of classes with equal votes the first wins.
 *
 * @throws {RangeError} If there is no training row.
 *
 * @example
 *   const { accuracy } = await knn({ embeddings: h, labels }, test, { k: 20 });
 *
 * Source: training/evaluate/knn.ts. Papers: Wu et al. 2018, section 3.4; Caron et al. 2021, section 4.1.
 */
export async function knn(train: Labelled, test: Labelled, options: KnnOptions = {}): Promise<Classified> {
  const found = await nearest(test.embeddings, train.embeddings, { k: options.k ?? 20 });
  const votes = knnVotes(found, train.labels, classesOf(train.labels, test.labels), options);
  const classes = votes.length / Math.max(1, found.count);
  const predictions = Int32Array.from({ length: found.count }, (_, i) =>
    largestAt(votes, i * classes, classes),
  );
  return judge(predictions, test.labels);
}

/** Votes for each class, `[count, classes]`. */
export function knnVotes(
  { count, k, indices, similarities }: Neighbours,
  labels: ArrayLike<number>,
  classes: number,
  { temperature = 0.07 }: KnnOptions = {},
): Float64Array {
  const votes = new Float64Array(count * classes);
  for (let i = 0; i < count; i++) {
    for (let n = i * k; n < (i + 1) * k; n++) {
      const label = labels[indices[n] as number] as number;
      votes[i * classes + label]! += Math.exp((similarities[n] as number) / temperature);
    }
  }
  return votes;
}

/** The accuracy of `knn` alone. */
export const knnAccuracy = async (train: Labelled, test: Labelled, options?: KnnOptions): Promise<number> =>
  (await knn(train, test, options)).accuracy;
