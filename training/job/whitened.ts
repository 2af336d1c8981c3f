import { type Embeddings, rowsOf } from "../evaluate/embeddings.ts";
import { knn } from "../evaluate/knn.ts";
import type { Labelled } from "../evaluate/labelled.ts";
import { whitening } from "../evaluate/search/whitening.ts";
import type { Pairs } from "./pairs.ts";
import { pairRanks, type Ranks } from "./ranks.ts";

/** What neighbours are worth once all directions of the embeddings count alike. Shares, 0 to 1; null as in `Score`. */
export interface Whitened {
  readonly pairs: Ranks | null;
  readonly knn: number | null;
}

/** Wider embeddings take too long: the directions are found on the host. */
const MOST_WIDTH = 384;
/** More rows teach the directions nothing new. */
const MOST_ROWS = 4000;

/** Whether they are narrow enough. */
export const canBeWhitened = ({ width }: Embeddings): boolean => width <= MOST_WIDTH;

/**
 * Retrieval of pairs and the vote of the nearest neighbours with whitened embeddings; the directions are learned from the
 * training images.
 *
 * @param train Embeddings of the training images.
 * @returns Null where there is nothing to measure, or the embeddings are wider than 384.
 *
 * Source: training/job/whitened.ts. Code: DINO's eval_copy_detection, for the whitening.
 */
export async function whitenedScore(
  train: Embeddings,
  test: Embeddings,
  { pairs, labelled }: { pairs: Pairs | null; labelled: { train: Labelled; test: Labelled } | null },
): Promise<Whitened | null> {
  if (!(pairs || labelled) || !canBeWhitened(test) || train.count <= test.width) return null;
  const whiten = whitening(someRows(train));
  const of = ({ embeddings, labels }: Labelled): Labelled => ({ embeddings: whiten(embeddings), labels });
  return {
    pairs: pairs && (await pairRanks(whiten(test), pairs)),
    knn: labelled && (await knn(of(labelled.train), of(labelled.test))).accuracy,
  };
}

/** Rows at even distances. */
function someRows(embeddings: Embeddings): Embeddings {
  const { count } = embeddings;
  if (count <= MOST_ROWS) return embeddings;
  return rowsOf(
    embeddings,
    Array.from({ length: MOST_ROWS }, (_, i) => Math.floor((i * count) / MOST_ROWS)),
  );
}
