import { literal, scalarType } from "../../kernels/scalar/builder.ts";
import type { DType } from "../core/dtype.ts";
import { isFloat } from "../core/dtype.ts";
import type { Aval } from "../ir/node.ts";
import { notDifferentiable, type Primitive, type Vjp, zeroGradient } from "../ir/primitive.ts";
import {
  dtypeOf,
  elementwise,
  floatOnly,
  integerOrBool,
  isFloatInput,
  numeric,
  sameDType,
} from "./elementwise.ts";

/** A function of one float, by its WGSL, its float64 value and its derivative. */
function floatFunction(
  name: string,
  wgsl: (x: string) => string,
  value: ((x: number) => number) | null,
  vjp: Vjp<null>,
  cost = 8,
): Primitive<null> {
  return elementwise({
    name,
    dtype: floatOnly,
    vjp,
    value: value && (([x = 0]) => value(x)),
    wgsl: ([x = ""]) => wgsl(x),
    cost,
  });
}

const call = (name: string) => (x: string) => `${name}(${x})`;

export const exp = floatFunction("exp", call("exp_f"), Math.exp, ({ ct, out }, o) => [o.mul(ct, out)], 12);
export const expm1 = floatFunction(
  "expm1",
  call("expm1_f"),
  Math.expm1,
  ({ ct, out }, o) => [o.mul(ct, o.add(out, 1))],
  16,
);
export const exp2 = floatFunction(
  "exp2",
  call("exp2_f"),
  (x) => 2 ** x,
  ({ ct, out }, o) => [o.mul(o.mul(ct, Math.LN2), out)],
  12,
);
export const log = floatFunction(
  "log",
  call("log_f"),
  Math.log,
  ({ ct, ins: [x] }, o) => [o.div(ct, x!)],
  16,
);
export const log1p = floatFunction(
  "log1p",
  call("log1p_f"),
  Math.log1p,
  ({ ct, ins: [x] }, o) => [o.div(ct, o.add(x!, 1))],
  20,
);
export const sqrt = floatFunction(
  "sqrt",
  call("sqrt"),
  Math.sqrt,
  ({ ct, out }, o) => [o.div(o.mul(ct, 0.5), out)],
  4,
);
export const rsqrt = floatFunction(
  "rsqrt",
  (x) => `(1.0f / sqrt(${x}))`,
  (x) => 1 / Math.sqrt(x),
  ({ ct, ins: [x], out }, o) => [o.mul(o.mul(ct, -0.5), o.div(out, x!))],
  5,
);
/** Gradient infinite at 0. */
export const cbrt = floatFunction(
  "cbrt",
  call("cbrt_f"),
  Math.cbrt,
  ({ ct, out }, o) => [o.div(o.mul(ct, 1 / 3), o.mul(out, out))],
  36,
);
export const sin = floatFunction(
  "sin",
  (x) => `sin_cos(${x}, 0)`,
  Math.sin,
  ({ ct, ins: [x] }, o) => [o.mul(ct, o.cos(x!))],
  16,
);
export const cos = floatFunction(
  "cos",
  (x) => `sin_cos(${x}, 1)`,
  Math.cos,
  ({ ct, ins: [x] }, o) => [o.neg(o.mul(ct, o.sin(x!)))],
  16,
);
export const tan = floatFunction(
  "tan",
  call("tan_f"),
  Math.tan,
  ({ ct, out }, o) => [o.mul(ct, o.add(o.mul(out, out), 1))],
  32,
);
export const asin = floatFunction(
  "asin",
  call("asin_f"),
  Math.asin,
  ({ ct, ins: [x] }, o) => [
    o.mul(ct, o.rsqrt(o.mul(o.sub(o.full(x!.shape, 1, x!.dtype), x!), o.add(x!, 1)))),
  ],
  16,
);
export const acos = floatFunction(
  "acos",
  call("acos_f"),
  Math.acos,
  ({ ct, ins: [x] }, o) => [
    o.neg(o.mul(ct, o.rsqrt(o.mul(o.sub(o.full(x!.shape, 1, x!.dtype), x!), o.add(x!, 1))))),
  ],
  20,
);
export const atan = floatFunction(
  "atan",
  call("atan_f"),
  Math.atan,
  ({ ct, ins: [x] }, o) => [o.div(ct, o.add(o.mul(x!, x!), 1))],
  16,
);
export const sinh = floatFunction(
  "sinh",
  call("sinh_f"),
  Math.sinh,
  ({ ct, ins: [x] }, o) => [o.mul(ct, o.cosh(x!))],
  20,
);
export const cosh = floatFunction(
  "cosh",
  call("cosh_f"),
  Math.cosh,
  ({ ct, ins: [x] }, o) => [o.mul(ct, o.sinh(x!))],
  20,
);
export const tanh = floatFunction(
  "tanh",
  call("tanh_f"),
  Math.tanh,
  ({ ct, out }, o) => [o.sub(ct, o.mul(ct, o.mul(out, out)))],
  20,
);
export const asinh = floatFunction(
  "asinh",
  call("asinh_f"),
  Math.asinh,
  ({ ct, ins: [x] }, o) => [o.mul(ct, o.rsqrt(o.add(o.mul(x!, x!), 1)))],
  24,
);
export const acosh = floatFunction(
  "acosh",
  call("acosh_f"),
  Math.acosh,
  ({ ct, ins: [x] }, o) => [o.mul(ct, o.rsqrt(o.mul(o.sub(x!, 1), o.add(x!, 1))))],
  24,
);
export const atanh = floatFunction(
  "atanh",
  call("atanh_f"),
  Math.atanh,
  ({ ct, ins: [x] }, o) => [o.div(ct, o.mul(o.sub(o.full(x!.shape, 1, x!.dtype), x!), o.add(x!, 1)))],
  24,
);
export const erf = floatFunction(
  "erf",
  call("erf_f"),
  null,
  ({ ct, ins: [x] }, o) => [o.mul(o.mul(ct, 2 / Math.sqrt(Math.PI)), o.exp(o.neg(o.mul(x!, x!))))],
  24,
);
/** 1 - erf(x), which keeps its relative accuracy where that is tiny. */
export const erfc = floatFunction(
  "erfc",
  call("erfc_f"),
  null,
  ({ ct, ins: [x] }, o) => [o.mul(o.mul(ct, -2 / Math.sqrt(Math.PI)), o.exp(o.neg(o.mul(x!, x!))))],
  36,
);

const stepFunction = zeroGradient("piecewise constant");

/** Rounding leaves integers as they are. */
function rounding(name: string, value: ((x: number) => number) | null): Primitive<null> {
  return elementwise({
    name,
    dtype: numeric,
    vjp: stepFunction,
    value: value && (([x = 0]) => value(x)),
    wgsl: ([x], ins) => (isFloatInput(ins) ? `${name}(${x})` : `${x}`),
  });
}

export const floor = rounding("floor", Math.floor);
export const ceil = rounding("ceil", Math.ceil);
export const trunc = rounding("trunc", Math.trunc);
export const round = rounding("round", null);

export const neg = elementwise({
  name: "neg",
  dtype: numeric,
  vjp: ({ ct }, o) => [o.neg(ct)],
  value: ([x = 0]) => -x,
  wgsl: ([x], ins) => (dtypeOf(ins) === "u32" ? `(0u - ${x})` : `(-${x})`),
});

/** Gradient 0 at 0. */
export const abs = elementwise({
  name: "abs",
  dtype: numeric,
  vjp: ({ ct, ins: [x] }, o) => [o.mul(ct, o.sign(x!))],
  value: ([x = 0]) => Math.abs(x),
  wgsl: ([x]) => `abs(${x})`,
});

export const sign = elementwise({
  name: "sign",
  dtype: numeric,
  vjp: stepFunction,
  value: ([x = 0]) => Math.sign(x),
  wgsl: ([x], ins) =>
    isFloatInput(ins) ? `sign_of(${x})` : dtypeOf(ins) === "u32" ? `min(${x}, 1u)` : `sign(${x})`,
  cost: 3,
});

export const not = elementwise({
  name: "not",
  dtype: () => "bool",
  vjp: notDifferentiable("the result is boolean"),
  value: ([x]) => (x === 0 ? 1 : 0),
  wgsl: ([x], ins) => (dtypeOf(ins) === "bool" ? `(!${x})` : `(${x} == ${numeral(0, dtypeOf(ins))})`),
});

export const bitNot = elementwise({
  name: "bitNot",
  dtype: integerOrBool,
  vjp: notDifferentiable("acts on bits"),
  value: ([x = 0], _, ins) => (dtypeOf(ins) === "bool" ? (x === 0 ? 1 : 0) : ~x),
  wgsl: ([x], ins) => (dtypeOf(ins) === "bool" ? `(!${x})` : `(~${x})`),
});

export const isNan = elementwise({
  name: "isNaN",
  dtype: () => "bool",
  vjp: notDifferentiable("the result is boolean"),
  value: ([x = 0]) => (Number.isNaN(x) ? 1 : 0),
  wgsl: ([x], ins) => (isFloatInput(ins) ? `is_nan(${x})` : "false"),
});

export const isInf = elementwise({
  name: "isInf",
  dtype: () => "bool",
  vjp: notDifferentiable("the result is boolean"),
  value: ([x]) => (x === Infinity || x === -Infinity ? 1 : 0),
  wgsl: ([x], ins) => (isFloatInput(ins) ? `is_inf(${x})` : "false"),
});

const numeral = (value: number, dtype: DType): string => literal(scalarType(dtype), value);

/** WGSL that converts between the types kernels compute in. */
function castText(x: string, from: DType, to: DType): string {
  if (from === to || (isFloat(from) && isFloat(to))) return x;
  // Not `!=`, which compilers take to be false for NaN.
  if (to === "bool") return `(!(${x} == ${numeral(0, from)}))`;
  if (from === "bool") return `select(${numeral(0, to)}, ${numeral(1, to)}, ${x})`;
  if (isFloat(to)) return from === "u32" ? `f32_of_u32(${x})` : `f32(${x})`;
  if (isFloat(from)) return `to_${to}(${x})`;
  return `bitcast<${to}>(${x})`;
}

function castValue(x: number, to: DType): number {
  if (to === "bool") return x !== 0 ? 1 : 0;
  if (to === "f32" || to === "f16") return x;
  if (Number.isNaN(x)) return 0;
  const t = Math.trunc(x);
  return to === "i32" ? Math.min(2147483647, Math.max(-2147483648, t)) : Math.min(4294967295, Math.max(0, t));
}

/** Floats outside the range of integers saturate and NaN becomes 0; i32 and u32 exchange their bits. */
export const cast: Primitive<{ dtype: DType }> = elementwise({
  name: "cast",
  dtype: (_: readonly Aval[], params: { dtype: DType }) => params.dtype,
  vjp: ({ ct, ins: [x], params }, o) => [
    isFloat(x!.dtype) && isFloat(params.dtype) ? o.cast(ct, x!.dtype) : null,
  ],
  value: ([x = 0], { dtype }, ins) => {
    const from = dtypeOf(ins);
    if (from === "i32" && dtype === "u32") return x >>> 0;
    if (from === "u32" && dtype === "i32") return x | 0;
    return castValue(x, dtype);
  },
  wgsl: ([x = ""], ins, { dtype }) => castText(x, dtypeOf(ins), dtype),
});

/** The value itself, and no gradient. */
export const stopGradient = elementwise({
  name: "stopGradient",
  dtype: sameDType,
  vjp: zeroGradient("the gradient is stopped here on purpose"),
  value: ([x = 0]) => x,
  wgsl: ([x]) => `${x}`,
  cost: 0,
});

/**
 * The value itself, as a node of its own. `tag` keeps two of them apart: transforms cut a graph with it, and
 * `checkpoint` keeps a recomputation from being merged with the original.
 */
export const identity: Primitive<{ tag: number }> = elementwise<{ tag: number }>({
  name: "identity",
  dtype: sameDType,
  vjp: ({ ct }) => [ct],
  value: ([x = 0]) => x,
  wgsl: ([x]) => `${x}`,
  cost: 0,
});
