import { dtypeError } from "../core/errors.ts";
import type { Aval, GraphNode } from "../ir/node.ts";
import { type GraphOps, notDifferentiable, type Primitive } from "../ir/primitive.ts";
import {
  dtypeOf,
  elementwise,
  floatOnly,
  integerOnly,
  isFloatInput,
  numeric,
  sameDType,
} from "./elementwise.ts";

const infix = (operator: string) => (args: readonly string[]) => `(${args[0]} ${operator} ${args[1]})`;

export const add = elementwise({
  name: "add",
  dtype: numeric,
  vjp: ({ ct }) => [ct, ct],
  value: ([a = 0, b = 0]) => a + b,
  wgsl: infix("+"),
});

export const sub = elementwise({
  name: "sub",
  dtype: numeric,
  vjp: ({ ct, needed }, o) => [ct, needed[1] ? o.neg(ct) : null],
  value: ([a = 0, b = 0]) => a - b,
  wgsl: infix("-"),
});

export const mul = elementwise({
  name: "mul",
  dtype: numeric,
  vjp: ({ ct, ins: [a, b], needed }, o) => [
    needed[0] ? o.mul(ct, b!) : null,
    needed[1] ? o.mul(ct, a!) : null,
  ],
  value: ([a = 0, b = 0], _, ins) => (isFloatInput(ins) ? a * b : Math.imul(a, b)),
  wgsl: infix("*"),
});

/** True division of floats. */
export const div = elementwise({
  name: "div",
  dtype: floatOnly,
  vjp: ({ ct, ins: [, b], out, needed }, o) => {
    const da = o.div(ct, b!);
    return [da, needed[1] ? o.neg(o.mul(da, out)) : null];
  },
  value: ([a = 0, b = 0]) => a / b,
  wgsl: infix("/"),
  cost: 2,
});

/** Quotient rounded towards minus infinity. A zero integer divisor gives the dividend, as WGSL has it. */
export const floorDivide = elementwise({
  name: "floorDivide",
  dtype: numeric,
  vjp: { none: "piecewise constant", stops: true },
  value: null,
  wgsl: ([a, b], ins) =>
    isFloatInput(ins)
      ? `floor_div_f(${a}, ${b})`
      : dtypeOf(ins) === "u32"
        ? `(${a} / ${b})`
        : `floor_div_i(${a}, ${b})`,
  cost: 24,
});

/** Remainder with the sign of the divisor. */
export const remainder = elementwise({
  name: "remainder",
  dtype: numeric,
  vjp: ({ ct, ins: [a, b], out, needed }, o) => [
    ct,
    needed[1] ? o.neg(o.mul(ct, o.div(o.sub(a!, out), b!))) : null,
  ],
  value: null,
  wgsl: ([a, b], ins) => {
    const dtype = dtypeOf(ins);
    return dtype === "u32" ? `(${a} % ${b})` : `remainder_${dtype === "i32" ? "i" : "f"}(${a}, ${b})`;
  },
  cost: 20,
});

export const pow = elementwise({
  name: "pow",
  dtype: numeric,
  vjp: ({ ct, ins: [a, b], out, needed }, o) => {
    // b * a^(b-1), with 0 where b is 0; a^b * log a, with 0 where a is 0 (as PyTorch has it).
    const zero = o.zerosLike(ct);
    const da = () => o.where(o.equal(b!, 0), zero, o.mul(ct, o.mul(b!, o.pow(a!, o.sub(b!, 1)))));
    const safe = () => o.where(o.equal(a!, 0), 1, a!);
    const db = () => o.where(o.equal(a!, 0), zero, o.mul(ct, o.mul(out, o.log(safe()))));
    return [needed[0] ? da() : null, needed[1] ? db() : null];
  },
  value: null,
  wgsl: ([a, b], ins) => `pow_${isFloatInput(ins) ? "f" : dtypeOf(ins) === "u32" ? "u" : "i"}(${a}, ${b})`,
  cost: 40,
});

/** Where the operands are equal, each gets half of the gradient. */
function tieShare(ct: GraphNode, mine: GraphNode, other: GraphNode, o: GraphOps, wins: GraphNode): GraphNode {
  const half = o.mul(ct, 0.5);
  return o.where(o.equal(mine, other), half, o.where(wins, ct, o.zerosLike(ct)));
}

/** NaN wins. Ties split the gradient in half. */
export const maximum = elementwise({
  name: "maximum",
  dtype: sameDType,
  vjp: ({ ct, ins: [a, b], needed }, o) => [
    needed[0] ? tieShare(ct, a!, b!, o, o.greater(a!, b!)) : null,
    needed[1] ? tieShare(ct, b!, a!, o, o.greater(b!, a!)) : null,
  ],
  value: ([a = 0, b = 0]) => Math.max(a, b),
  wgsl: ([a, b], ins) =>
    isFloatInput(ins)
      ? `max_or_nan(${a}, ${b})`
      : dtypeOf(ins) === "bool"
        ? `(${a} | ${b})`
        : `max(${a}, ${b})`,
  cost: 3,
});

export const minimum = elementwise({
  name: "minimum",
  dtype: sameDType,
  vjp: ({ ct, ins: [a, b], needed }, o) => [
    needed[0] ? tieShare(ct, a!, b!, o, o.less(a!, b!)) : null,
    needed[1] ? tieShare(ct, b!, a!, o, o.less(b!, a!)) : null,
  ],
  value: ([a = 0, b = 0]) => Math.min(a, b),
  wgsl: ([a, b], ins) =>
    isFloatInput(ins)
      ? `min_or_nan(${a}, ${b})`
      : dtypeOf(ins) === "bool"
        ? `(${a} & ${b})`
        : `min(${a}, ${b})`,
  cost: 3,
});

/** atan(y / x) in the right quadrant. */
export const atan2 = elementwise({
  name: "atan2",
  dtype: floatOnly,
  vjp: ({ ct, ins: [y, x], needed }, o) => {
    const scaled = o.div(ct, o.add(o.mul(x!, x!), o.mul(y!, y!)));
    return [needed[0] ? o.mul(scaled, x!) : null, needed[1] ? o.neg(o.mul(scaled, y!)) : null];
  },
  value: ([y = 0, x = 0]) => Math.atan2(y, x),
  wgsl: ([y, x]) => `atan2_f(${y}, ${x})`,
  cost: 24,
});

/** Gradient 0 where both are 0. */
export const hypot = elementwise({
  name: "hypot",
  dtype: floatOnly,
  vjp: ({ ct, ins: [a, b], out, needed }, o) => {
    const scaled = o.div(ct, o.where(o.equal(out, 0), 1, out));
    return [needed[0] ? o.mul(scaled, a!) : null, needed[1] ? o.mul(scaled, b!) : null];
  },
  value: ([a = 0, b = 0]) => Math.hypot(a, b),
  wgsl: ([a, b]) => `hypot_f(${a}, ${b})`,
  cost: 10,
});

function comparison(
  name: string,
  operator: string,
  value: (a: number, b: number) => boolean,
): Primitive<null> {
  const text = infix(operator);
  return elementwise({
    name,
    dtype: (ins) => {
      const ordered = operator !== "==" && operator !== "!=";
      if (ordered) numeric(ins);
      return "bool";
    },
    vjp: notDifferentiable("the result is boolean"),
    value: ([a = 0, b = 0]) => (value(a, b) ? 1 : 0),
    // Compilers take a float != for "ordered and not equal", which is false for NaN.
    wgsl: (args, ins) =>
      operator === "!=" && isFloatInput(ins) ? `(!(${args[0]} == ${args[1]}))` : text(args),
  });
}

export const equal = comparison("equal", "==", (a, b) => a === b);
export const notEqual = comparison("notEqual", "!=", (a, b) => a !== b);
export const less = comparison("less", "<", (a, b) => a < b);
export const lessEqual = comparison("lessEqual", "<=", (a, b) => a <= b);

function logical(
  name: string,
  operator: string,
  value: (a: boolean, b: boolean) => boolean,
): Primitive<null> {
  return elementwise({
    name,
    dtype: (ins) => {
      const bad = ins.find((x) => x.dtype !== "bool");
      if (bad) throw dtypeError({ problem: "needs booleans", got: { x: bad }, hint: 'x.cast("bool")' });
      return "bool";
    },
    vjp: notDifferentiable("the result is boolean"),
    value: ([a, b]) => (value(a !== 0, b !== 0) ? 1 : 0),
    wgsl: infix(operator),
  });
}

export const and = logical("and", "&", (a, b) => a && b);
export const or = logical("or", "|", (a, b) => a || b);
export const xor = logical("xor", "!=", (a, b) => a !== b);

function bitwise(name: string, operator: string, value: (a: number, b: number) => number): Primitive<null> {
  return elementwise({
    name,
    dtype: integerOnly,
    vjp: notDifferentiable("acts on bits"),
    value: ([a = 0, b = 0]) => value(a, b),
    wgsl: infix(operator),
  });
}

export const bitAnd = bitwise("bitAnd", "&", (a, b) => a & b);
export const bitOr = bitwise("bitOr", "|", (a, b) => a | b);
export const bitXor = bitwise("bitXor", "^", (a, b) => a ^ b);

/** Shifts by 0..31; the amount is taken modulo 32, as WGSL has it. */
function shift(
  name: string,
  operator: string,
  value: (a: number, n: number, unsigned: boolean) => number,
): Primitive<null> {
  return elementwise({
    name,
    dtype: integerOnly,
    vjp: notDifferentiable("acts on bits"),
    value: ([a = 0, b = 0], _, ins) => value(a, b & 31, dtypeOf(ins) === "u32"),
    wgsl: ([a, b]) => `(${a} ${operator} (u32(${b}) & 31u))`,
  });
}

export const shiftLeft = shift("shiftLeft", "<<", (a, n) => a << n);
export const shiftRight = shift("shiftRight", ">>", (a, n, unsigned) => (unsigned ? a >>> n : a >> n));

/** `condition ? a : b`, elementwise. */
export const where: Primitive<null> = elementwise({
  name: "where",
  dtype: ([condition, a, b]) => {
    if (condition!.dtype !== "bool") {
      throw dtypeError({
        problem: "the condition is no boolean",
        got: { condition: condition! },
        hint: "condition.notEqual(0)",
      });
    }
    if (a!.dtype !== b!.dtype) throw dtypeError({ problem: "branches differ", got: { a: a!, b: b! } });
    return a!.dtype;
  },
  vjp: ({ ct, ins: [condition], needed }, o) => [
    null,
    needed[1] ? o.where(condition!, ct, o.zerosLike(ct)) : null,
    needed[2] ? o.where(condition!, o.zerosLike(ct), ct) : null,
  ],
  value: ([condition, a = 0, b = 0]) => (condition ? a : b),
  wgsl: ([condition, a, b]) => `select(${b}, ${a}, ${condition})`,
});

/** One word of Threefry-2x32 for key (k0, k1) and counter (c0, c1), all u32. */
export const threefry: Primitive<{ word: 0 | 1 }> = elementwise<{ word: 0 | 1 }>({
  name: "threefry",
  dtype: (ins: readonly Aval[]) => integerOnly(ins),
  vjp: notDifferentiable("random bits"),
  value: null,
  wgsl: ([k0, k1, c0, c1], _, { word }) => `threefry(${k0}, ${k1}, ${c0}, ${c1}).${word === 0 ? "x" : "y"}`,
  cost: 90,
});
