import { dim, sizeOf } from "../../core/shape.ts";
import type { Aval } from "../../ir/node.ts";
import type { AxisMap, HostTensor } from "../../ir/primitive.ts";
import { eachPosition } from "../host-loops.ts";
import { inversePermutation } from "../movement.ts";
import { stridesOf } from "./strides.ts";

/** Reads the input at `source(position)`, or 0 where that is null. */
function moveOnHost(
  x: HostTensor,
  out: Aval,
  source: (position: readonly number[]) => number[] | null,
): Float64Array {
  const result = new Float64Array(sizeOf(out.shape));
  const strides = stridesOf(x.shape);
  eachPosition(out.shape, (position, i) => {
    const from = source(position);
    if (from !== null)
      result[i] = x.data[from.reduce((sum, p, a) => sum + p * (strides[a] as number), 0)] as number;
  });
  return result;
}

export const permute = (
  [x]: readonly HostTensor[],
  { axes }: { axes: readonly number[] },
  out: Aval,
): Float64Array => moveOnHost(x!, out, (p) => inversePermutation(axes).map((a) => p[a] as number));

export const expand = ([x]: readonly HostTensor[], _: unknown, out: Aval): Float64Array =>
  moveOnHost(x!, out, (p) => p.map((i, a) => (x!.shape[a] === 1 ? 0 : i)));

export const affineView = (
  [x]: readonly HostTensor[],
  { axes }: { axes: readonly AxisMap[] },
  out: Aval,
): Float64Array =>
  moveOnHost(x!, out, (p) => {
    const source = axes.map(
      (a, i) => ((p[i] as number) * a.factor + a.constant + a.skew * (p[a.skewAxis] as number)) / a.divisor,
    );
    return source.every((n, i) => Number.isInteger(n) && n >= 0 && n < dim(x!.shape, i))
      ? source.map(Math.abs)
      : null;
  });

export const concat = (ins: readonly HostTensor[], { axis }: { axis: number }, out: Aval): Float64Array => {
  const result = new Float64Array(sizeOf(out.shape));
  eachPosition(out.shape, (p, i) => {
    let at = p[axis] as number;
    let which = 0;
    while (at >= dim(ins[which]!.shape, axis)) at -= dim(ins[which++]!.shape, axis);
    const x = ins[which] as HostTensor;
    const strides = stridesOf(x.shape);
    result[i] = x.data[
      p.reduce((sum, n, a) => sum + (a === axis ? at : n) * (strides[a] as number), 0)
    ] as number;
  });
  return result;
};

export const iota = (_: unknown, { axis }: { axis: number }, out: Aval): Float64Array => {
  const result = new Float64Array(sizeOf(out.shape));
  eachPosition(out.shape, (p, i) => {
    result[i] = p[axis] as number;
  });
  return result;
};
