import { allocateHost, type DType } from "../../core/dtype.ts";
import type { GraphNode } from "../../ir/node.ts";
import { isLate } from "../../ir/on-host.ts";
import type { GraphOps, HostTensor } from "../../ir/primitive.ts";

interface FullParams {
  readonly shape: readonly number[];
  readonly value: number;
  readonly dtype: DType;
}

/** The number that all elements of `x` are, if it is known. */
export const constantOf = (x: GraphNode | undefined): number | null =>
  x?.primitive.name === "full" ? (x.params as FullParams).value : null;

/** An elementwise op on constants is a constant. */
export function foldConstants(node: GraphNode, o: GraphOps): GraphNode | null {
  const values = node.inputs.map(constantOf);
  if (values.length === 0 || values.some((v) => v === null) || isLate(node.primitive.reference)) return null;
  const ins = node.inputs.map(
    (x, i): HostTensor => ({ shape: [], dtype: x.dtype, data: Float64Array.of(values[i] as number) }),
  );
  const result = node.primitive.reference(ins, node.params, { shape: [], dtype: node.dtype })[0] as number;
  return o.full(node.shape, roundTo(result, node.dtype), node.dtype);
}

export function roundTo(value: number, dtype: DType): number {
  const cell = allocateHost(dtype, 1);
  cell[0] = value;
  return cell[0] as number;
}
