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
  /** Rows are queries, but keys where the gradients of keys and values are summed up. */
  readonly rowsAre: "queries" | "keys";
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
  readonly channel: number;
}

export type AttentionTile = ThreadTile | GroupTile;

/** Each thread has `rows` rows, and `columns` columns at a time, which it reads straight from memory. */
export interface ThreadTile {
  readonly variant: "thread";
  readonly rows: number;
  readonly columns: number;
}

/** The threads of a workgroup, each with its own row at hand, read the columns that they all need from workgroup memory. */
export interface GroupTile {
  readonly variant: "group";
  readonly columns: number;
  readonly workgroupSize: number;
}

/** What a tile is chosen by: elements of the sums of a row are `width`, and `deepest` those of the longest vector. */
export type AttentionSize = Readonly<Record<"batch" | "rows" | "columns" | "width" | "deepest", number>>;
