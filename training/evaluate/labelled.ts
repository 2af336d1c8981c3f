import { type Embeddings, rowsOf } from "./embeddings.ts";

/** Embeddings with the class of each row, 0 to classes - 1. */
export interface Labelled {
  readonly embeddings: Embeddings;
  readonly labels: ArrayLike<number>;
}

/** What a classifier makes of a test set. */
export interface Classified {
  /** Share of the rows whose class is right, 0 to 1. */
  readonly accuracy: number;
  /** Class of each row. */
  readonly predictions: Int32Array;
}

/** One more than the largest label of both. */
export function classesOf(...labels: readonly ArrayLike<number>[]): number {
  let most = -1;
  for (const each of labels) for (let i = 0; i < each.length; i++) most = Math.max(most, each[i] as number);
  return most + 1;
}

export function judge(predictions: Int32Array, labels: ArrayLike<number>): Classified {
  let hits = 0;
  for (let i = 0; i < predictions.length; i++) if (predictions[i] === labels[i]) hits++;
  return { accuracy: hits / Math.max(1, predictions.length), predictions };
}

/** Some rows with their labels. */
export const labelledRows = ({ embeddings, labels }: Labelled, indices: readonly number[]): Labelled => ({
  embeddings: rowsOf(embeddings, indices),
  labels: indices.map((i) => labels[i] as number),
});

/** Place of the largest number; of equals the first. */
export function largestAt(values: ArrayLike<number>, from = 0, count = values.length): number {
  let best = 0;
  for (let i = 1; i < count; i++) {
    if ((values[from + i] as number) > (values[from + best] as number)) best = i;
  }
  return best;
}
