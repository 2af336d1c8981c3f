import type { DType } from "../engine/core/dtype.ts";
import type { Cost, KernelBinding } from "./program.ts";
import type { ScalarProgram } from "./scalar/builder.ts";

/** What is said of every kernel that computes a scalar program in loops. */
export interface LoopSpec {
  readonly name: string;
  readonly steps: ScalarProgram;
  readonly bindings: readonly KernelBinding[];
  readonly cost: Cost;
  /** Whether loops are written such that no compiler unrolls them. */
  readonly keepLoops: boolean;
}

/** A value of the scalar program and where it goes: both are step numbers. */
export interface Store {
  readonly binding: number;
  readonly dtype: DType;
  readonly value: number;
  readonly at: number;
}
