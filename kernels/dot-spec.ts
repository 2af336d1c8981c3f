import type { LoopSpec, Store } from "./spec.ts";

/**
 * Contraction with elementwise work around it. Variable 0 is the batch, 1 the row m, 2 the column n, 3.. the
 * contracted axes. `a` is a value of (batch, m, k), `b` one of (batch, k, n): either may be any expression, so views,
 * masks and sliding windows need no copy. Stores see the sum as accumulator 0.
 */
export interface DotSpec extends LoopSpec {
  readonly kind: "dot";
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly contracted: readonly number[];
  readonly a: number;
  readonly b: number;
  readonly stores: readonly Store[];
  readonly tile: DotTile;
}

export type DotTile = DirectTile | QuadTile | StagedTile;

/** Each thread keeps `tm` x `tn` sums in registers and reads its operands straight from memory. */
export interface DirectTile {
  readonly variant: "direct";
  readonly tm: number;
  readonly tn: number;
  readonly workgroupSize: number;
}

/**
 * Four lanes share `tm` rows and `4 tn` columns, of which each keeps `tm` x `tn` sums in registers. Each reads a
 * quarter of what all of them need of `a`, and the others take it from there.
 */
export interface QuadTile {
  readonly variant: "quad";
  readonly tm: number;
  readonly tn: number;
  /** Of four lanes each, in a workgroup. */
  readonly quads: number;
}

/** A workgroup stages `bm` x `bk` and `bk` x `bn` in workgroup memory; each thread keeps `tm` x `tn` sums. */
export interface StagedTile {
  readonly variant: "staged";
  readonly bm: number;
  readonly bn: number;
  readonly bk: number;
  readonly tm: number;
  readonly tn: number;
  /** Whether neighbouring lanes load along k (or else along m, n): the axis that is contiguous in memory. */
  readonly aAlongK: boolean;
  readonly bAlongK: boolean;
}

/** What a tile is chosen by. */
export interface DotSize {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly aAlongK: boolean;
  readonly bAlongK: boolean;
  /** Steps that it takes to compute an element of an operand, beyond reading it where it lies. */
  readonly extraA: number;
  readonly extraB: number;
}
