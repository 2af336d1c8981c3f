import { type Embeddings, rowsOf } from "../evaluate/embeddings.ts";
import { retrieval } from "../evaluate/retrieval.ts";
import type { Pairs } from "./pairs.ts";

/** How often the image that is meant is the nearest of all others, or one of the nearest five. Shares, 0 to 1. */
export interface Ranks {
  readonly first: number;
  readonly amongFive: number;
}

/** How often the other image of a pair is the nearest, or one of the nearest five. */
export async function pairRanks(embeddings: Embeddings, { first, second }: Pairs): Promise<Ranks> {
  const [nearest = 0, amongFive = 0] = await retrieval(rowsOf(embeddings, first), rowsOf(embeddings, second));
  return { first: nearest, amongFive };
}
