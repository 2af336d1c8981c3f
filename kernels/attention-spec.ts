import type { LoopSpec, Store } from "./spec.ts";

/**
 * Attention without its matrix of scores. A tile of rows goes along all columns, tile by tile: products of row and
 * column vectors give the elements of one or two matrices, and these times column vectors are summed up. Variable 0
 * is the batch, 1 the query, 2 the key; accumulators 0
 * and 1 are the products of an element. Stores see results as accumulator 2.
 */
export interface AttentionSpec extends LoopSpec {
  readonly kind: "attention";
  readonly batch: number;
  /** The variable that rows are: queries, but keys where the gradients of keys and values are summed up. */
  readonly rowVariable: 1 | 2;
  readonly rows: number;
  readonly columns: number;
  readonly products: readonly (Channels & { readonly row: number; readonly column: number })[];
  /** Elements of matrix i, in terms of the products. */
  readonly elements: readonly number[];
  /**
   * Forwards: element 0 is a score; the weights are the softmax of each row. `weight` is one as it meets its value, in
   * terms of accumulator 1. `lse` gets the logarithm of the sum of exponentials.
   */
  readonly softmax: { readonly weight: number; readonly lse: Store | null } | null;
  /** What is summed up: matrix `element` times the column vectors `value`. */
  readonly sums: readonly (Channels & {
    readonly element: number;
    readonly value: number;
    readonly store: Store;
  })[];
  /** Instead of sums: matrix 0 itself, added up over `count` values of variable 4. */
  readonly total: { readonly count: number; readonly store: Store } | null;
  readonly tile: AttentionTile;
}

/** The elements of a vector: how many, and the variable that runs over them. */
export interface Channels {
  readonly size: number;
  readonly variable: number;
}

export type AttentionTile = ThreadTile | GroupTile;

/** Each thread has `rows` rows, and `columns` columns at a time, which it reads straight from memory. */
export interface ThreadTile {
  readonly variant: "thread";
  readonly rows: number;
  readonly columns: number;
}

/** Each workgroup has `rows` rows, and `columns` columns at a time: four of each are a thread's. */
export interface GroupTile {
  readonly variant: "group";
  readonly rows: number;
  readonly columns: number;
}

/** What a tile is chosen by; a row has `width` elements in all sums together, and `deepest` in the longest of its vectors. */
export type AttentionSize = Readonly<Record<"batch" | "rows" | "columns" | "width" | "deepest", number>>;
