import { dim, dropAxes, sizeOf } from "../../core/shape.ts";
import type { Aval, GraphNode } from "../../ir/node.ts";
import type { HostTensor } from "../../ir/primitive.ts";
import { toDType } from "../elementwise.ts";
import { eachPosition } from "../host-loops.ts";
import type { ReduceParams } from "../reduce.ts";
import type { ScanParams } from "../scan.ts";
import { stridesOf } from "./strides.ts";

type Fold = (values: readonly number[]) => number;

const pick =
  (better: (a: number, b: number) => boolean) =>
  (row: readonly number[]): number => {
    let best = 0;
    for (let i = 1; i < row.length; i++) {
      const a = row[i] as number;
      const b = row[best] as number;
      if (!Number.isNaN(b) && (Number.isNaN(a) || better(a, b))) best = i;
    }
    return best;
  };
const largest = pick((a, b) => a > b);
const smallest = pick((a, b) => a < b);

const reduction =
  (fold: Fold) =>
  ([x]: readonly HostTensor[], { axes }: ReduceParams, out: Aval): Float64Array =>
    foldOnHost(x as HostTensor, axes, (row) => toDType(fold(row), out.dtype));

export const sum = reduction((row) => row.reduce((a, b) => a + b, 0));
export const prod = reduction((row) => row.reduce((a, b) => a * b, 1));
/** NaN wins. */
export const max = reduction((row) => row[largest(row)] as number);
export const min = reduction((row) => row[smallest(row)] as number);
export const argmax = reduction(largest);
export const argmin = reduction(smallest);

function foldOnHost(x: HostTensor, axes: readonly number[], fold: Fold): Float64Array {
  const shape = dropAxes(x.shape, axes, true);
  const rows = Array.from({ length: sizeOf(shape) }, () => [] as number[]);
  const strides = stridesOf(shape);
  eachPosition(x.shape, (p, i) => {
    const row = p.reduce((sum, n, a) => sum + (axes.includes(a) ? 0 : n * (strides[a] as number)), 0);
    (rows[row] as number[]).push(x.data[i] as number);
  });
  return Float64Array.from(rows, fold);
}

export const scan = ([x]: readonly HostTensor[], params: ScanParams, out: Aval): Float64Array =>
  scanOnHost(x as HostTensor, params, out.dtype);

const COMBINE: Record<ScanParams["combine"], (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

function scanOnHost(
  x: HostTensor,
  { axis, combine, reverse }: ScanParams,
  dtype: GraphNode["dtype"],
): Float64Array {
  const result = x.data.slice();
  const step = stridesOf(x.shape)[axis] as number;
  const n = dim(x.shape, axis);
  const merge = combine === "prod" && dtype !== "f32" && dtype !== "f16" ? Math.imul : COMBINE[combine];
  eachPosition(x.shape, (p, i) => {
    if (p[axis] !== 0) return;
    for (let k = 1; k < n; k++) {
      const at = i + (reverse ? n - 1 - k : k) * step;
      const from = reverse ? at + step : at - step;
      result[at] = toDType(merge(result[from] as number, result[at] as number), dtype);
    }
  });
  return result;
}
