import type { KernelProgram } from "../../../kernels/program.ts";
import type { DType } from "../../core/dtype.ts";
import type { GraphNode } from "../../ir/node.ts";

/** A buffer that a kernel binds: a value of the graph, or scratch that only the kernels of one cluster see. */
export type Operand = GraphNode | Scratch;

export interface Scratch {
  readonly scratch: true;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface Lowered {
  readonly program: KernelProgram;
  readonly operands: readonly Operand[];
}

/** The buffer that results are written to: usually their own, or that of an input which they replace. */
export type InPlace = ReadonlyMap<GraphNode, GraphNode>;
