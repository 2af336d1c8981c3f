import { type DType, isFloat, isInteger } from "../core/dtype.ts";
import { dtypeError } from "../core/errors.ts";
import { shapesEqual, sizeOf } from "../core/shape.ts";
import type { Aval } from "../ir/node.ts";
import { later } from "../ir/on-host.ts";
import type { HostTensor, Primitive, Vjp } from "../ir/primitive.ts";

/** The record of an elementwise primitive. Operands already have one shape: broadcasting is a view before it. */
export interface ElementwiseParts<P> {
  readonly name: string;
  readonly dtype: (ins: readonly Aval[], params: P) => DType;
  readonly vjp: Vjp<P>;
  /** In float64; null where it is long, and in on-host/elementwise.ts. */
  readonly value: ((args: readonly number[], params: P, ins: readonly Aval[]) => number) | null;
  readonly wgsl: (args: readonly string[], ins: readonly Aval[], params: P) => string;
  /** Cost in multiply-adds; 1 where nothing is said. */
  readonly cost?: number;
}

export function elementwise<P = null>(parts: ElementwiseParts<P>): Primitive<P> {
  const { name, dtype, vjp, value, wgsl, cost = 1 } = parts;
  return {
    name,
    dtype,
    shape: (ins) => {
      const shape = ins[0]?.shape ?? [];
      if (!ins.every((x) => shapesEqual(x.shape, shape)))
        throw new Error(`${name}: operands were not broadcast`);
      return [...shape];
    },
    vjp,
    reference: value
      ? (ins, params, out) => eachElement(ins, out, (args) => value(args, params, ins))
      : later(name),
    lower: { kind: "elementwise", cost, text: wgsl },
  };
}

export function eachElement(
  ins: readonly HostTensor[],
  out: Aval,
  f: (args: number[]) => number,
): Float64Array {
  const length = sizeOf(out.shape);
  const result = new Float64Array(length);
  const args = new Array<number>(ins.length);
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < ins.length; j++) args[j] = (ins[j] as HostTensor).data[i] as number;
    result[i] = toDType(f(args), out.dtype);
  }
  return result;
}

/** Wraps integers as the device does; floats stay float64. */
export function toDType(value: number, dtype: DType): number {
  if (dtype === "i32") return value | 0;
  if (dtype === "u32") return value >>> 0;
  if (dtype === "bool") return value ? 1 : 0;
  return value;
}

/** The dtype of the first operand, which must be a float. */
export function floatOnly(ins: readonly Aval[]): DType {
  const x = ins[0] as Aval;
  if (!ins.every((a) => isFloat(a.dtype))) {
    throw dtypeError({ problem: "needs floats", got: { x }, need: "f32 or f16", hint: 'x.cast("f32")' });
  }
  return x.dtype;
}

/** The dtype of the operands, which must be numbers and no booleans. */
export function numeric(ins: readonly Aval[]): DType {
  const x = ins[0] as Aval;
  if (x.dtype === "bool") throw dtypeError({ problem: "needs numbers", got: { x }, hint: 'x.cast("i32")' });
  return x.dtype;
}

const integers =
  (boolToo: boolean) =>
  (ins: readonly Aval[]): DType => {
    const x = ins[0] as Aval;
    if (!isInteger(x.dtype) && !(boolToo && x.dtype === "bool")) {
      const need = boolToo ? "i32, u32 or bool" : "i32 or u32";
      throw dtypeError({ problem: "needs integers", got: { x }, need });
    }
    return x.dtype;
  };

/** The dtype of the operands, which must be integers, or else booleans for the second. */
export const integerOnly = integers(false);
export const integerOrBool = integers(true);

/** Passes the dtype of the operands through, whatever it is. */
export const sameDType = (ins: readonly Aval[]): DType => (ins[0] as Aval).dtype;

export const dtypeOf = (ins: readonly Aval[]): DType => (ins[0] as Aval).dtype;
export const isFloatInput = (ins: readonly Aval[]): boolean => isFloat(dtypeOf(ins));
