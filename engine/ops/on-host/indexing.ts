import { dim, sizeOf } from "../../core/shape.ts";
import type { Aval } from "../../ir/node.ts";
import type { HostTensor } from "../../ir/primitive.ts";
import { toDType } from "../elementwise.ts";
import { eachPosition } from "../host-loops.ts";
import { missing } from "../indexing.ts";
import { stridesOf } from "./strides.ts";

/** The element that index `i` names on an axis of size n: negative ones count from the end; null outside. */
const resolve = (i: number, n: number): number | null => {
  const at = i < 0 ? i + n : i;
  return at >= 0 && at < n ? at : null;
};

export const gather = (
  [x, indices]: readonly HostTensor[],
  { axis }: { axis: number },
  out: Aval,
): Float64Array => {
  const result = new Float64Array(sizeOf(out.shape));
  const strides = stridesOf(x!.shape);
  eachPosition(out.shape, (p, i) => {
    const at = resolve(indices!.data[i] as number, dim(x!.shape, axis));
    const from = p.reduce((sum, n, a) => sum + (a === axis ? (at ?? 0) : n) * (strides[a] as number), 0);
    result[i] = at === null ? missing(out) : (x!.data[from] as number);
  });
  return result;
};

export const scatter = (
  [base, indices, updates]: readonly HostTensor[],
  { axis, mode }: { axis: number; mode: "add" | "set" },
  out: Aval,
): Float64Array => {
  const result = (base as HostTensor).data.slice();
  const strides = stridesOf(out.shape);
  eachPosition(indices!.shape, (p, i) => {
    const at = resolve(indices!.data[i] as number, dim(out.shape, axis));
    if (at === null) return;
    const to = p.reduce((sum, n, a) => sum + (a === axis ? at : n) * (strides[a] as number), 0);
    const update = updates!.data[i] as number;
    result[to] = toDType(mode === "add" ? (result[to] as number) + update : update, out.dtype);
  });
  return result;
};

export const argsort = ([x]: readonly HostTensor[], _: unknown, out: Aval): Float64Array => {
  const n = out.shape[out.shape.length - 1] as number;
  const result = new Float64Array(x!.data.length);
  for (let start = 0; start < result.length; start += n) {
    const row = Array.from(x!.data.subarray(start, start + n), (v) => (Number.isNaN(v) ? Infinity : v));
    const nan = (i: number) => (Number.isNaN(x!.data[start + i] as number) ? 1 : 0);
    const order = row
      .map((_, i) => i)
      .sort(
        (i, j) => nan(i) - nan(j) || (row[i] === row[j] ? i - j : (row[i] as number) - (row[j] as number)),
      );
    result.set(order, start);
  }
  return result;
};
