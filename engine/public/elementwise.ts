import * as functions from "../functions/elementwise.ts";
import { lift } from "../lift.ts";

// Operands are tensors, numbers or booleans; they broadcast by the rules of the array API standard (axes are matched
// from the last, an axis of size 1 repeats) and promote: bool < i32, u32 < f16 < f32. A number takes the dtype of the
// tensor beside it, unless it is no integer and the tensor is one. Functions of real numbers turn integers and
// booleans to f32, arithmetic turns booleans to i32. Operands that do not broadcast are a ShapeError, i32 beside u32 a
// DTypeError. Gradients reach all operands that are floats.

/** Sum `a + b`. */
export const add = lift(functions.add);

/** Difference `a - b`. */
export const subtract = lift(functions.subtract);

/** Difference `a - b`; short for `subtract`. */
export const sub = lift(functions.sub);

/** Product `a * b`. */
export const multiply = lift(functions.multiply);

/** Product `a * b`; short for `multiply`. */
export const mul = lift(functions.mul);

/** Quotient `a / b`. Integers divide as f32. */
export const divide = lift(functions.divide);

/** Quotient `a / b`; short for `divide`. Integers divide as f32. */
export const div = lift(functions.div);

/** `a / b` rounded towards minus infinity. An integer divided by 0 gives itself. Gradient: zero. */
export const floorDivide = lift(functions.floorDivide);

/** What `floorDivide` leaves of `a`; it has the sign of `b`, as in Python. */
export const remainder = lift(functions.remainder);

/** What division rounded towards 0 leaves of `a`; it has the sign of `a`, as `%` in JavaScript. */
export const fmod = lift(functions.fmod);

/**
 * `a` to the power of `b`. NaN where `a` is negative and `b` is no integer.
 *
 * Integers stay integers and wrap; a negative integer exponent gives 0, but for `a` of 1 and -1.
 *
 * Gradient: that of `b` is 0 where `a` is 0.
 */
export const power = lift(functions.power);

/** `a` to the power of `b`; short for `power`. */
export const pow = lift(functions.pow);

/** The larger of `a` and `b`; NaN where either is. Gradient: ties split it in half. */
export const maximum = lift(functions.maximum);

/** The smaller of `a` and `b`; NaN where either is. Gradient: ties split it in half. */
export const minimum = lift(functions.minimum);

/** Angle of the point (x, y) from the positive x axis in radians, -pi to pi; `y` comes first. */
export const atan2 = lift(functions.atan2);

/** `sqrt(a^2 + b^2)`, also where the squares would overflow. Gradient: 0 where both are 0. */
export const hypot = lift(functions.hypot);

/** `log(exp(a) + exp(b))`, also where the exponentials would overflow. */
export const logAddExp = lift(functions.logAddExp);

/** `a + weight * (b - a)`: `a` at weight 0, `b` at weight 1. */
export const lerp = lift(functions.lerp);

/**
 * `x` held between two bounds. NaN stays.
 *
 * @param options.min Lower bound, a number or a tensor; none by default.
 * @param options.max Upper bound. It wins where it is below the lower one.
 *
 * Gradient: passes to `x` where it is between the bounds or on one, else to the bound.
 */
export const clip = lift(functions.clip);

/** `-x`. */
export const negative = lift(functions.negative);

/** `-x`; short for `negative`. */
export const neg = lift(functions.neg);

/** `|x|`. Gradient: 0 at 0. */
export const abs = lift(functions.abs);

/** -1, 0 or 1 by the sign of `x`; NaN stays. Gradient: zero. */
export const sign = lift(functions.sign);

/** `x * x`. */
export const square = lift(functions.square);

/** `1 / x`. */
export const reciprocal = lift(functions.reciprocal);

/** Square root; NaN below 0. Gradient: infinite at 0. */
export const sqrt = lift(functions.sqrt);

/** `1 / sqrt(x)`. */
export const rsqrt = lift(functions.rsqrt);

/** Cube root, of negative numbers too. Gradient: infinite at 0. */
export const cbrt = lift(functions.cbrt);

/** `e^x`. */
export const exp = lift(functions.exp);

/** `e^x - 1`, exact near 0 too. */
export const expm1 = lift(functions.expm1);

/** `2^x`. */
export const exp2 = lift(functions.exp2);

/** Natural logarithm; minus infinity at 0, NaN below. */
export const log = lift(functions.log);

/** `log(1 + x)`, exact near 0 too. */
export const log1p = lift(functions.log1p);

/** Logarithm to base 2. */
export const log2 = lift(functions.log2);

/** Logarithm to base 10. */
export const log10 = lift(functions.log10);

/** Sine of an angle in radians. */
export const sin = lift(functions.sin);

/** Cosine of an angle in radians. */
export const cos = lift(functions.cos);

/** Tangent of an angle in radians. */
export const tan = lift(functions.tan);

/** Inverse sine in radians, -pi/2 to pi/2; NaN outside -1..1. */
export const asin = lift(functions.asin);

/** Inverse cosine in radians, 0 to pi; NaN outside -1..1. */
export const acos = lift(functions.acos);

/** Inverse tangent in radians, -pi/2 to pi/2. */
export const atan = lift(functions.atan);

/** Hyperbolic sine. */
export const sinh = lift(functions.sinh);

/** Hyperbolic cosine. */
export const cosh = lift(functions.cosh);

/** Hyperbolic tangent. */
export const tanh = lift(functions.tanh);

/** Inverse hyperbolic sine. */
export const asinh = lift(functions.asinh);

/** Inverse hyperbolic cosine; NaN below 1. */
export const acosh = lift(functions.acosh);

/** Inverse hyperbolic tangent; NaN outside -1..1. */
export const atanh = lift(functions.atanh);

/** Error function `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to `x`. */
export const erf = lift(functions.erf);

/** `1 - erf(x)`, to relative accuracy also where it is tiny. */
export const erfc = lift(functions.erfc);

/** Rounds towards minus infinity. Gradient: zero. */
export const floor = lift(functions.floor);

/** Rounds towards infinity. Gradient: zero. */
export const ceil = lift(functions.ceil);

/** Rounds to the nearest integer, halves to the even one. Gradient: zero. */
export const round = lift(functions.round);

/** Rounds towards 0. Gradient: zero. */
export const trunc = lift(functions.trunc);

/** bool: `a = b`. NaN equals nothing. */
export const equal = lift(functions.equal);

/** bool: not `a = b`. */
export const notEqual = lift(functions.notEqual);

/** bool: `a < b`. */
export const less = lift(functions.less);

/** bool: `a <= b`. */
export const lessEqual = lift(functions.lessEqual);

/** bool: `a > b`. */
export const greater = lift(functions.greater);

/** bool: `a >= b`. */
export const greaterEqual = lift(functions.greaterEqual);

/** bool: both are true; numbers count as true where they are not 0. */
export const logicalAnd = lift(functions.logicalAnd);

/** bool: at least one is true; numbers count as true where they are not 0. */
export const logicalOr = lift(functions.logicalOr);

/** bool: exactly one is true; numbers count as true where they are not 0. */
export const logicalXor = lift(functions.logicalXor);

/** bool: `x` is false, or 0. */
export const logicalNot = lift(functions.logicalNot);

/** Bits that both integers have; of booleans, `and`. */
export const bitwiseAnd = lift(functions.bitwiseAnd);

/** Bits that at least one integer has; of booleans, `or`. */
export const bitwiseOr = lift(functions.bitwiseOr);

/** Bits that exactly one integer has; of booleans, `xor`. */
export const bitwiseXor = lift(functions.bitwiseXor);

/** Bits that an integer has not; of booleans, `not`. */
export const bitwiseInvert = lift(functions.bitwiseInvert);

/** `a` moved up by `b` modulo 32 bits. */
export const leftShift = lift(functions.leftShift);

/** `a` moved down by `b` modulo 32 bits; i32 keeps its sign. */
export const rightShift = lift(functions.rightShift);

/** bool: `x` is NaN. */
const nan = lift(functions.isNaN);

/** bool: `x` is infinity or minus infinity. */
const infinite = lift(functions.isInf);

/** bool: `x` is neither infinite nor NaN. */
const finite = lift(functions.isFinite);

export { finite as isFinite, infinite as isInf, nan as isNaN };

/**
 * `a` where the condition holds, `b` elsewhere.
 *
 * @param condition bool; broadcasts with the others.
 * @throws {DTypeError} If the condition is no boolean.
 *
 * Gradient: reaches `a` and `b`, each where it was chosen.
 */
export const where = lift(functions.where);

/**
 * `x` as another dtype.
 *
 * Floats lose their fraction on the way to integers, saturate at the ends of the range, and NaN becomes 0. i32 and u32
 * exchange their bits. As a boolean everything but 0 is true.
 *
 * Gradient: passes between floats.
 */
export const cast = lift(functions.cast);
