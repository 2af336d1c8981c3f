import { type DType, isFloat } from "../core/dtype.ts";
import { type GraphNode, makeNode } from "../ir/node.ts";
import type { Primitive } from "../ir/primitive.ts";
import * as binary from "../ops/binary.ts";
import { align, castTo, constant, type Operand, ops } from "../ops/build.ts";
import * as unary from "../ops/unary.ts";
import { method } from "./define.ts";
import { toBool, toFloat, toNumber } from "./promotion.ts";

export type { Operand };

type Convert = (x: GraphNode) => GraphNode;
const asIs: Convert = (x) => x;

const unaryOf = (name: string, primitive: Primitive<null>, convert: Convert) =>
  method(name, (x: GraphNode) => makeNode(primitive as Primitive, [convert(x)]));

const binaryOf = (name: string, primitive: Primitive<null>, convert: Convert) =>
  method(name, (a: Operand, b: Operand) => makeNode(primitive as Primitive, align([a, b]).map(convert)));

// Arithmetic

/** a + b. */
export const add = binaryOf("add", binary.add, toNumber);
/** a - b. */
export const subtract = binaryOf("subtract", binary.sub, toNumber);
/** a - b. */
export const sub = binaryOf("sub", binary.sub, toNumber);
/** a * b. */
export const multiply = binaryOf("multiply", binary.mul, toNumber);
/** a * b. */
export const mul = binaryOf("mul", binary.mul, toNumber);
/** a / b; integers give f32. */
export const divide = binaryOf("divide", binary.div, toFloat);
/** a / b; integers give f32. */
export const div = binaryOf("div", binary.div, toFloat);
/** a / b rounded towards minus infinity. */
export const floorDivide = binaryOf("floorDivide", binary.floorDivide, toNumber);
/** What is left of a / b, with the sign of b. */
export const remainder = binaryOf("remainder", binary.remainder, toNumber);
/** a to the power of b. */
export const power = binaryOf("power", binary.pow, toNumber);
/** a to the power of b. */
export const pow = binaryOf("pow", binary.pow, toNumber);
/** The larger of the two; NaN where either is. */
export const maximum = binaryOf("maximum", binary.maximum, asIs);
/** The smaller of the two; NaN where either is. */
export const minimum = binaryOf("minimum", binary.minimum, asIs);
/** The angle of the point (x, y) in radians, -pi to pi. */
export const atan2 = binaryOf("atan2", binary.atan2, toFloat);
/** sqrt(a^2 + b^2) without overflow on the way. */
export const hypot = binaryOf("hypot", binary.hypot, toFloat);

/** What is left of a / b, with the sign of a. */
export const fmod = method("fmod", (a: Operand, b: Operand): GraphNode => {
  const [x, y] = align([a, b]).map(toNumber) as [GraphNode, GraphNode];
  if (x.dtype === "u32") return remainder(x, y);
  const rest = remainder(abs(x), abs(y));
  return ops.where(ops.less(x, 0), ops.neg(rest), rest);
});

/** log(exp(a) + exp(b)) without overflow. */
export const logAddExp = method("logAddExp", (a: Operand, b: Operand): GraphNode => {
  const [x, y] = align([a, b]).map(toFloat) as [GraphNode, GraphNode];
  // Equal infinities have no difference: it is taken as 0, also where the gradient looks.
  const same = ops.equal(x, y);
  const distance = ops.where(same, 0, abs(ops.sub(x, ops.where(same, 0, y))));
  return ops.add(ops.maximum(x, y), log1p(ops.exp(ops.neg(distance))));
});

/** a + weight * (b - a). */
export const lerp = method("lerp", (a: Operand, b: Operand, weight: Operand): GraphNode => {
  const [x, y, w] = align([a, b, weight]).map(toFloat) as [GraphNode, GraphNode, GraphNode];
  return ops.add(x, ops.mul(w, ops.sub(y, x)));
});

/** x held between min and max. */
export const clip = method("clip", (x: GraphNode, options: { min?: Operand; max?: Operand } = {}) => {
  const { min, max } = options;
  let y = toNumber(x);
  // Not maximum and minimum: they would halve the gradient at the bounds, which belong to the inside.
  if (min !== undefined) {
    const [a, low] = align([y, min]) as [GraphNode, GraphNode];
    y = ops.where(ops.less(a, low), low, a);
  }
  if (max !== undefined) {
    const [a, high] = align([y, max]) as [GraphNode, GraphNode];
    y = ops.where(ops.greater(a, high), high, a);
  }
  return y;
});

/** -x. */
export const negative = unaryOf("negative", unary.neg, toNumber);
/** -x. */
export const neg = unaryOf("neg", unary.neg, toNumber);
/** |x|. */
export const abs = unaryOf("abs", unary.abs, toNumber);
/** -1, 0 or 1. */
export const sign = unaryOf("sign", unary.sign, toNumber);
/** x * x. */
export const square = method("square", (x: GraphNode) => ops.mul(toNumber(x), toNumber(x)));
/** 1 / x. */
export const reciprocal = method("reciprocal", (x: GraphNode) => {
  const y = toFloat(x);
  return ops.div(constant(y.shape, 1, y.dtype), y);
});

// Roots, exponentials and logarithms

/** Square root; NaN below 0. */
export const sqrt = unaryOf("sqrt", unary.sqrt, toFloat);
/** 1 / sqrt(x). */
export const rsqrt = unaryOf("rsqrt", unary.rsqrt, toFloat);
/** Cube root, of negative numbers too. */
export const cbrt = unaryOf("cbrt", unary.cbrt, toFloat);
/** e^x. */
export const exp = unaryOf("exp", unary.exp, toFloat);
/** e^x - 1, exact near 0. */
export const expm1 = unaryOf("expm1", unary.expm1, toFloat);
/** 2^x. */
export const exp2 = unaryOf("exp2", unary.exp2, toFloat);
/** Natural logarithm. */
export const log = unaryOf("log", unary.log, toFloat);
/** log(1 + x), exact near 0. */
export const log1p = unaryOf("log1p", unary.log1p, toFloat);
/** Logarithm to base 2. */
export const log2 = method("log2", (x: GraphNode) => ops.mul(ops.log(toFloat(x)), Math.LOG2E));
/** Logarithm to base 10. */
export const log10 = method("log10", (x: GraphNode) => ops.mul(ops.log(toFloat(x)), Math.LOG10E));

// Trigonometry

/** Sine of radians. */
export const sin = unaryOf("sin", unary.sin, toFloat);
/** Cosine of radians. */
export const cos = unaryOf("cos", unary.cos, toFloat);
/** Tangent of radians. */
export const tan = unaryOf("tan", unary.tan, toFloat);
/** Inverse sine; NaN outside -1..1. */
export const asin = unaryOf("asin", unary.asin, toFloat);
/** Inverse cosine; NaN outside -1..1. */
export const acos = unaryOf("acos", unary.acos, toFloat);
/** Inverse tangent. */
export const atan = unaryOf("atan", unary.atan, toFloat);
/** Hyperbolic sine. */
export const sinh = unaryOf("sinh", unary.sinh, toFloat);
/** Hyperbolic cosine. */
export const cosh = unaryOf("cosh", unary.cosh, toFloat);
/** Hyperbolic tangent. */
export const tanh = unaryOf("tanh", unary.tanh, toFloat);
/** Inverse hyperbolic sine. */
export const asinh = unaryOf("asinh", unary.asinh, toFloat);
/** Inverse hyperbolic cosine; NaN below 1. */
export const acosh = unaryOf("acosh", unary.acosh, toFloat);
/** Inverse hyperbolic tangent; NaN outside -1..1. */
export const atanh = unaryOf("atanh", unary.atanh, toFloat);
/** Error function. */
export const erf = unaryOf("erf", unary.erf, toFloat);
/** 1 - erf(x), exact in the tail. */
export const erfc = unaryOf("erfc", unary.erfc, toFloat);

// Rounding

/** Rounds towards minus infinity. */
export const floor = unaryOf("floor", unary.floor, toNumber);
/** Rounds towards infinity. */
export const ceil = unaryOf("ceil", unary.ceil, toNumber);
/** Rounds to the nearest integer; halves go to the even one. */
export const round = unaryOf("round", unary.round, toNumber);
/** Rounds towards 0. */
export const trunc = unaryOf("trunc", unary.trunc, toNumber);

// Comparison and logic

/** a = b. */
export const equal = binaryOf("equal", binary.equal, asIs);
/** a is not b; NaN differs from everything. */
export const notEqual = binaryOf("notEqual", binary.notEqual, asIs);
/** a < b. */
export const less = binaryOf("less", binary.less, toNumber);
/** a <= b. */
export const lessEqual = binaryOf("lessEqual", binary.lessEqual, toNumber);
/** a > b. */
export const greater = method("greater", (a: Operand, b: Operand) => less(b, a));
/** a >= b. */
export const greaterEqual = method("greaterEqual", (a: Operand, b: Operand) => lessEqual(b, a));

/** Both are true (not 0). */
export const logicalAnd = binaryOf("logicalAnd", binary.and, toBool);
/** At least one is true (not 0). */
export const logicalOr = binaryOf("logicalOr", binary.or, toBool);
/** Exactly one is true (not 0). */
export const logicalXor = binaryOf("logicalXor", binary.xor, toBool);
/** x is false (0). */
export const logicalNot = unaryOf("logicalNot", unary.not, toBool);

const bitwise = (name: string, onBits: Primitive<null>, onBools: Primitive<null>) =>
  method(name, (a: Operand, b: Operand) => {
    const operands = align([a, b]);
    const primitive = operands[0]?.dtype === "bool" ? onBools : onBits;
    return makeNode(primitive as Primitive, operands);
  });

/** The bits that both have. */
export const bitwiseAnd = bitwise("bitwiseAnd", binary.bitAnd, binary.and);
/** The bits that at least one has. */
export const bitwiseOr = bitwise("bitwiseOr", binary.bitOr, binary.or);
/** The bits that exactly one has. */
export const bitwiseXor = bitwise("bitwiseXor", binary.bitXor, binary.xor);
/** The bits that x has not. */
export const bitwiseInvert = unaryOf("bitwiseInvert", unary.bitNot, asIs);
/** Bits moved up by b modulo 32 places. */
export const leftShift = binaryOf("leftShift", binary.shiftLeft, toNumber);
/** Bits moved down by b modulo 32 places; i32 keeps its sign. */
export const rightShift = binaryOf("rightShift", binary.shiftRight, toNumber);

/** x is not a number. */
const nan = unaryOf("isNaN", unary.isNan, asIs);
/** x is infinity or minus infinity. */
const infinite = unaryOf("isInf", unary.isInf, asIs);
/** x is neither infinite nor NaN. */
const finite = method("isFinite", (x: GraphNode): GraphNode => {
  if (!isFloat(x.dtype)) return constant(x.shape, 1, "bool");
  return ops.not(makeNode(binary.or as Primitive, [nan(x), infinite(x)]));
});

// Under other names in here, so that they do not hide the globals.
export { finite as isFinite, infinite as isInf, nan as isNaN };

// Choice and conversion

/** a where the condition holds, b elsewhere. */
export const where = method("where", (condition: GraphNode, a: Operand, b: Operand): GraphNode => {
  const bools = typeof a === "boolean" && typeof b === "boolean";
  const [x, y] = bools ? [constant([], Number(a), "bool"), constant([], Number(b), "bool")] : align([a, b]);
  return ops.where(condition, x as GraphNode, y as GraphNode);
});

/** x as another dtype. */
export const cast = method("cast", (x: GraphNode, dtype: DType) => castTo(x, dtype));
