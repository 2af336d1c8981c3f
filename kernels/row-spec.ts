import type { DType } from "../engine/core/dtype.ts";
import type { LoopSpec, Store } from "./spec.ts";

export type Combine = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/** One fold over the row. Its result is accumulator `ref` of the scalar program. */
export interface RowFold {
  readonly ref: number;
  readonly combine: Combine;
  readonly dtype: DType;
  readonly value: number;
}

/**
 * Reductions over a row and the elementwise work around them. Variable 0 is the row; variables 1.. run over the
 * row, one for each stretch of `extents`. Each phase is one pass over the row; later phases and stores may use the
 * accumulators of earlier ones. `rowStores` happen once a row, `elementStores` once an element, in a last pass.
 */
export interface RowSpec extends LoopSpec {
  readonly kind: "row";
  readonly rows: number;
  readonly extents: readonly number[];
  readonly phases: readonly (readonly RowFold[])[];
  readonly rowStores: readonly Store[];
  readonly elementStores: readonly Store[];
  /**
   * Neighbouring rows that a workgroup takes, a power of two, with its lanes along all of them; 0 for a thread a row.
   */
  readonly columns: number;
  /** Elements at most that a thread with a row of its own takes in one round of its loops. */
  readonly unroll: number;
  readonly workgroupSize: number;
}
