import { scalarType } from "../../kernels/scalar/builder.ts";
import type { IndexExpr } from "../../kernels/scalar/index-algebra.ts";
import type { DType } from "../core/dtype.ts";
import { checkShape, sizeOf } from "../core/shape.ts";
import { later } from "../ir/on-host.ts";
import { notDifferentiable, type Primitive } from "../ir/primitive.ts";

/** One value everywhere. */
export const full: Primitive<{ shape: readonly number[]; value: number; dtype: DType }> = {
  name: "full",
  dtype: (_, { dtype }) => dtype,
  shape: (_, { shape }) => {
    checkShape(shape);
    return [...shape];
  },
  vjp: notDifferentiable("has no operands"),
  reference: (_, { value }, out) => new Float64Array(sizeOf(out.shape)).fill(value),
  lower: {
    kind: "inline",
    form: "source",
    emit: ({ s, out }, { value }) => s.constant(scalarType(out.dtype), value),
  },
};

/** Positions along `axis`. */
export const iota: Primitive<{ shape: readonly number[]; axis: number }> = {
  name: "iota",
  dtype: () => "i32",
  shape: (_, { shape }) => {
    checkShape(shape);
    return [...shape];
  },
  vjp: notDifferentiable("has no operands"),
  reference: later("iota"),
  lower: {
    kind: "inline",
    form: "source",
    emit: ({ s, at }, { axis }) => s.indexValue(at[axis] as IndexExpr),
  },
};

/** Values that are given to the program: host data, an evaluated tensor, or argument `index` of a traced function. */
export const input: Primitive<{ shape: readonly number[]; dtype: DType; index: number }> = {
  name: "input",
  dtype: (_, { dtype }) => dtype,
  shape: (_, { shape }) => [...shape],
  vjp: notDifferentiable("has no operands"),
  reference: () => {
    throw new Error("input: its values must be given to the interpreter");
  },
  lower: { kind: "input" },
};
