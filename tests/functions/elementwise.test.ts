import { expect, test } from "vitest";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

const f32 = (values: number[]) => m.tensor(values);
const i32 = (values: number[]) => m.tensor(values, { dtype: "i32" });
const u32 = (values: number[]) => m.tensor(values, { dtype: "u32" });
const bool = (values: boolean[]) => m.tensor(values);
const { NaN: nan } = Number;
const inf = Infinity;

test("arithmetic on floats, numbers and broadcast operands", async () => {
  const a = m.tensor([
    [1, -2, 3],
    [4, 5, -6],
  ]);
  const b = f32([2, 3, -4]);
  await check({
    add: [
      m.add(a, b),
      [
        [3, 1, -1],
        [6, 8, -10],
      ],
      0,
    ],
    subtract: [m.subtract(1, b), [-1, -2, 5], 0],
    sub: [
      a.sub(b),
      [
        [-1, -5, 7],
        [2, 2, -2],
      ],
      0,
    ],
    multiply: [
      m.multiply(a, b),
      [
        [2, -6, -12],
        [8, 15, 24],
      ],
      0,
    ],
    divide: [
      m.divide(a, b),
      [
        [0.5, -2 / 3, -0.75],
        [2, 5 / 3, 1.5],
      ],
    ],
    floorDivide: [m.floorDivide(f32([7, -7, 7, -7]), f32([2, 2, -2, -2])), [3, -4, -4, 3], 0],
    remainder: [m.remainder(f32([7, -7, 7, -7, 5.5]), f32([3, 3, -3, -3, 2])), [1, 2, -2, -1, 1.5], 0],
    fmod: [m.fmod(f32([7, -7, 7, -7, 5.5]), f32([3, 3, -3, -3, 2])), [1, -1, 1, -1, 1.5], 0],
    power: [m.power(f32([2, -2, 9, 0, 0, -8]), f32([3, 3, 0.5, 0, -1, 1 / 3])), [8, -8, 3, 1, inf, nan]],
    "number to a power": [m.pow(2, f32([-1, 0, 10])), [0.5, 1, 1024]],
    maximum: [m.maximum(f32([1, nan, 2]), f32([3, 1, nan])), [3, nan, nan], 0],
    minimum: [m.minimum(f32([1, nan, -inf]), 0), [0, nan, -inf], 0],
    atan2: [m.atan2(f32([1, -1, 0, 0]), f32([1, -1, -1, 0])), [Math.PI / 4, -0.75 * Math.PI, Math.PI, 0]],
    hypot: [
      m.hypot(f32([3, 3e38, 0, inf, nan]), f32([4, 1e38, 0, nan, 1])),
      [5, Math.hypot(3e38, 1e38), 0, inf, nan],
    ],
    logAddExp: [
      m.logAddExp(f32([0, 1000, -inf, inf]), f32([0, 999, -inf, inf])),
      [Math.LN2, 1000 + Math.log1p(Math.exp(-1)), -inf, inf],
    ],
    lerp: [m.lerp(f32([0, 10]), f32([4, 20]), 0.25), [1, 12.5]],
    negative: [
      m.negative(a),
      [
        [-1, 2, -3],
        [-4, -5, 6],
      ],
      0,
    ],
    abs: [
      m.abs(a),
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      0,
    ],
    sign: [m.sign(f32([-3, 0, 7, nan])), [-1, 0, 1, nan], 0],
    square: [m.square(b), [4, 9, 16], 0],
    reciprocal: [m.reciprocal(f32([4, -0.5, 0])), [0.25, -2, inf]],
    clip: [m.clip(f32([-5, 0.5, 5, nan]), { min: -1, max: 1 }), [-1, 0.5, 1, nan], 0],
    "clip by tensors": [
      m.clip(f32([-5, 0.5, 5]), { min: f32([-9, 1, 0]), max: f32([-6, 2, 4]) }),
      [-6, 1, 4],
      0,
    ],
    "clip from below": [m.clip(i32([-5, 5]), { min: 0 }), [0, 5], 0],
  });
});

test("integers and booleans promote", async () => {
  const cases = {
    "i32 + number": [i32([1, 2]).add(3), [4, 5], 0, "i32"],
    "i32 + fraction": [i32([1, 2]).add(0.5), [1.5, 2.5], 0, "f32"],
    "i32 / i32": [i32([7, 1]).div(i32([2, 4])), [3.5, 0.25], 0, "f32"],
    "i32 // i32": [i32([7, -7, 7]).floorDivide(i32([2, 2, -2])), [3, -4, -4], 0, "i32"],
    "i32 % i32": [i32([7, -7]).remainder(3), [1, 2], 0, "i32"],
    "fmod i32": [i32([7, -7]).fmod(3), [1, -1], 0, "i32"],
    "fmod u32": [u32([7, 4000000000]).fmod(u32([4, 7])), [3, 4000000000 % 7], 0, "u32"],
    "i32 ** i32": [i32([3, -2]).pow(i32([4, 5])), [81, -32], 0, "i32"],
    "bool + bool": [bool([true, false]).add(bool([true, true])), [2, 1], 0, "i32"],
    "-bool": [bool([true, false]).neg(), [-1, 0], 0, "i32"],
    "bool * f32": [bool([true, false]).mul(2.5), [2.5, 0], 0, "f32"],
    "exp i32": [i32([0, 1]).exp(), [1, Math.E], 2e-6, "f32"],
    "sqrt bool": [bool([true, false]).sqrt(), [1, 0], 0, "f32"],
    "floor i32": [i32([3, -3]).floor(), [3, -3], 0, "i32"],
    "u32 wraps": [u32([0]).sub(1), [4294967295], 0, "u32"],
    "f16 + f32": [
      f32([1])
        .cast("f16")
        .add(f32([2])),
      [3],
      0,
      "f32",
    ],
  } as const satisfies Record<string, readonly [m.Tensor, readonly number[], number, string]>;
  for (const [name, [x, , , dtype]] of Object.entries(cases)) expect(x.dtype, name).toBe(dtype);
  await check(Object.fromEntries(Object.entries(cases).map(([k, [x, v, t]]) => [k, [x, v, t] as const])));
});

test("functions of one float", async () => {
  const x = [-3.5, -1, -0.25, 0, 1e-4, 0.5, 2, 40];
  const positive = [1e-30, 0.001, 0.5, 1, 2.5, 1e10];
  const unit = [-1, -0.7, 0, 1e-3, 0.99, 1];
  const mapped = (f: m.Tensor, values: number[], g: (v: number) => number) =>
    [f, values.map((v) => g(Math.fround(v)))] as const;
  await check({
    exp: mapped(m.exp(f32(x)), x, Math.exp),
    expm1: mapped(m.expm1(f32(x)), x, Math.expm1),
    exp2: mapped(m.exp2(f32(x)), x, (v) => 2 ** v),
    sin: mapped(m.sin(f32(x)), x, Math.sin),
    cos: mapped(m.cos(f32(x)), x, Math.cos),
    tan: mapped(m.tan(f32(x)), x, Math.tan),
    atan: mapped(m.atan(f32(x)), x, Math.atan),
    sinh: mapped(m.sinh(f32(x)), x, Math.sinh),
    cosh: mapped(m.cosh(f32(x)), x, Math.cosh),
    tanh: mapped(m.tanh(f32(x)), x, Math.tanh),
    asinh: mapped(m.asinh(f32(x)), x, Math.asinh),
    cbrt: mapped(m.cbrt(f32(x)), x, Math.cbrt),
    log: mapped(m.log(f32(positive)), positive, Math.log),
    log2: mapped(m.log2(f32(positive)), positive, Math.log2),
    log10: mapped(m.log10(f32(positive)), positive, Math.log10),
    log1p: mapped(m.log1p(f32(positive)), positive, Math.log1p),
    sqrt: mapped(m.sqrt(f32(positive)), positive, Math.sqrt),
    rsqrt: mapped(m.rsqrt(f32(positive)), positive, (v) => 1 / Math.sqrt(v)),
    acosh: mapped(m.acosh(f32([1, 1.5, 20, 1e10])), [1, 1.5, 20, 1e10], Math.acosh),
    asin: mapped(m.asin(f32(unit)), unit, Math.asin),
    acos: mapped(m.acos(f32(unit)), unit, Math.acos),
    atanh: mapped(m.atanh(f32(unit)), unit, Math.atanh),
    "edges of exp2": [m.exp2(f32([-inf, -160, 128, inf, nan])), [0, 0, inf, inf, nan], 0],
    "edges of cbrt": [m.cbrt(f32([-inf, 0, inf, nan, -27])), [-inf, 0, inf, nan, -3]],
    "outside the domain": [
      m.stack([m.log(f32([-1])), m.sqrt(f32([-1])), m.acosh(f32([0]))]),
      [[nan], [nan], [nan]],
    ],
    // From tables, for JavaScript has no erf.
    erf: [m.erf(f32([-1, 0, 0.5, 2])), [-0.8427007929497148, 0, 0.5204998778130465, 0.9953222650189527]],
    erfc: [
      m.erfc(f32([-1, 0, 0.5, 1, 2, 3, 5, 9, inf, -inf, nan])),
      [
        1.8427007929497148,
        1,
        0.4795001221869535,
        0.15729920705028513,
        0.004677734981047266,
        2.209049699858544e-5,
        1.5374597944280347e-12,
        4.13703174651381e-37,
        0,
        2,
        nan,
      ],
    ],
  });
});

test("rounding", async () => {
  const x = f32([-2.5, -1.5, -0.4, 0.5, 1.5, 2.7]);
  await check({
    floor: [m.floor(x), [-3, -2, -1, 0, 1, 2], 0],
    ceil: [m.ceil(x), [-2, -1, 0, 1, 2, 3], 0],
    "round half to even": [m.round(x), [-2, -2, 0, 0, 2, 3], 0],
    trunc: [m.trunc(x), [-2, -1, 0, 0, 1, 2], 0],
  });
});

test("comparison, logic and tests of numbers", async () => {
  const a = f32([1, 2, nan]);
  const b = f32([2, 2, nan]);
  const [p, q] = [bool([true, true, false, false]), bool([true, false, true, false])];
  const odd = f32([0, nan, inf, -inf]);
  await check({
    equal: [m.equal(a, b), [false, true, false]],
    notEqual: [m.notEqual(a, b), [true, false, true]],
    less: [m.less(a, b), [true, false, false]],
    lessEqual: [m.lessEqual(a, b), [true, true, false]],
    greater: [m.greater(a, 1), [false, true, false]],
    greaterEqual: [m.greaterEqual(a, 1), [true, true, false]],
    "order of booleans": [m.less(q, p), [false, true, false, false]],
    logicalAnd: [m.logicalAnd(p, q), [true, false, false, false]],
    logicalOr: [m.logicalOr(p, q), [true, true, true, false]],
    logicalXor: [m.logicalXor(p, q), [false, true, true, false]],
    logicalNot: [m.logicalNot(f32([0, 2, nan])), [true, false, false]],
    "logic on numbers": [m.logicalAnd(i32([0, 2]), 5), [false, true]],
    isNaN: [m.isNaN(odd), [false, true, false, false]],
    isInf: [m.isInf(odd), [false, false, true, true]],
    isFinite: [m.isFinite(odd), [true, false, false, false]],
    "isFinite of integers": [m.isFinite(i32([1])), [true]],
  });
});

test("bits", async () => {
  const [a, b] = [i32([0b1100, -1]), i32([0b1010, 7])];
  await check({
    and: [m.bitwiseAnd(a, b), [0b1000, 7], 0],
    or: [m.bitwiseOr(a, b), [0b1110, -1], 0],
    xor: [m.bitwiseXor(a, b), [0b0110, -8], 0],
    invert: [m.bitwiseInvert(a), [-13, 0], 0],
    left: [m.leftShift(b, 2), [40, 28], 0],
    "right keeps the sign": [m.rightShift(i32([-8, 8]), 1), [-4, 4], 0],
    "right of u32": [m.rightShift(u32([0x80000000]), 31), [1], 0],
    "and of booleans": [m.bitwiseAnd(bool([true, true]), bool([true, false])), [true, false]],
    "invert of booleans": [m.bitwiseInvert(bool([true, false])), [false, true]],
  });
});

test("where and cast", async () => {
  const c = bool([true, false]);
  const numbers = m.where(c, i32([1, 2]), 0.5);
  expect(numbers.dtype).toBe("f32");
  expect(m.where(c, true, false).dtype).toBe("bool");
  await check({
    "where promotes": [numbers, [1, 0.5], 0],
    "where broadcasts": [
      m.where(c, m.tensor([[1], [2]]), 0),
      [
        [1, 0],
        [2, 0],
      ],
      0,
    ],
    "where of booleans": [m.where(c, true, false), [true, false]],
    "to i32": [m.cast(f32([2.9, -2.9, 1e20, nan]), "i32"), [2, -2, 2147483647, 0], 0],
    "to u32": [f32([-1, 3.5, 1e20]).cast("u32"), [0, 3, 4294967295], 0],
    "from u32, to the nearest": [
      u32([3479698559, 3380391680, 4294967295, 16777217]).cast("f32"),
      [3479698559, 3380391680, 4294967295, 16777217].map(Math.fround),
      0,
    ],
    "to bool": [f32([0, -0.1, nan]).cast("bool"), [false, true, true]],
    "i32 as u32": [i32([-1]).cast("u32"), [4294967295], 0],
  });
});

test("remainders are exact where the quotient is large or close to an integer", async () => {
  const a = [1, 1e6, -1e6, 3e38, 16777215, 5, -5, 0.3, -1, 7, 1e-30].map(Math.fround);
  const b = [0.1, 0.7, 0.7, 1e-3, 3, 0.1, 0.1, -0.1, 1e-3, 3e38, 7].map(Math.fround);
  const pairs = a.map((x, i) => [x, b[i] as number] as const);
  const remainder = ([x, y]: readonly [number, number]) => {
    const r = x % y;
    return r !== 0 && r < 0 !== y < 0 ? r + y : r;
  };
  const few = pairs.filter(([x, y]) => Math.abs(x / y) < 1e6);
  await check({
    fmod: [m.fmod(f32(a), f32(b)), pairs.map(([x, y]) => x % y), 0],
    remainder: [m.remainder(f32(a), f32(b)), pairs.map((p) => Math.fround(remainder(p))), 0],
    floorDivide: [
      m.floorDivide(f32(few.map(([x]) => x)), f32(few.map(([, y]) => y))),
      few.map(([x, y]) => Math.floor(x / y)),
      0,
    ],
    "by zero and infinity": [
      m.remainder(f32([1, 0, 1, -1, inf]), f32([0, 0, inf, inf, 2])),
      [nan, nan, 1, inf, nan],
    ],
    "fmod by infinity": [m.fmod(f32([-2.5, nan]), inf), [-2.5, nan]],
    "floor by zero and infinity": [
      m.floorDivide(f32([1, -1, 0, 5, -5, 5, -inf, inf]), f32([0, 0, 0, inf, inf, -inf, inf, 2])),
      [inf, -inf, nan, 0, -1, -1, nan, nan],
    ],
  });
});

test("powers keep their accuracy where they are large, small or special", async () => {
  const x = [1.05, 63.3, 0.9, 4.3e-5, 3, 1e-3, 1e10, 2.5].map(Math.fround);
  const y = [375.5, -14.6, -700, -8.3, 11, 12, 3.7, 30].map(Math.fround);
  await check({
    values: [m.pow(f32(x), f32(y)), x.map((v, i) => v ** (y[i] as number)), 2e-7],
    "too large, too small": [m.pow(f32([10, 10, 1e-10]), f32([39, -50, 1e5])), [inf, 0, 0], 0],
    zero: [m.pow(f32([0, 0, -0, -0]), f32([2, -2, 3, -3])), [0, inf, -0, -inf], 0],
    infinite: [
      m.pow(f32([inf, -inf, 0.5, 2, -1, 2]), f32([-1, 3, inf, inf, inf, -inf])),
      [0, -inf, 0, inf, 1, 0],
      0,
    ],
    negative: [m.pow(-2, f32([3, 2, -1, 0.5, 101])), [-8, 4, -0.5, nan, -(2 ** 101)]],
    "NaN to the 0": [m.pow(f32([nan, nan, 1]), f32([0, 1, nan])), [1, nan, 1]],
  });
});

test("empty and scalar operands", async () => {
  await check({
    empty: [m.zeros([0, 3]).add(m.ones([3])), []],
    "empty by one": [m.tensor([[1], [2]]).mul(m.zeros([2, 0])), [[], []]],
    scalars: [m.add(1, 2), 3],
  });
  expect(m.zeros([0, 3]).exp().shape).toEqual([0, 3]);
});

test("errors name the op that was called", () => {
  expect(errorOf(() => f32([1, 2]).sub(f32([1, 2, 3])))).toEqual({
    name: "ShapeError",
    op: "sub",
    problem: "shapes do not broadcast",
  });
  expect(errorOf(() => i32([1]).add(u32([1])))).toMatchObject({ name: "DTypeError", op: "add" });
  expect(errorOf(() => m.where(f32([1]), 1, 2))).toMatchObject({ name: "DTypeError", op: "where" });
  expect(errorOf(() => m.bitwiseAnd(f32([1]), 1))).toMatchObject({ name: "DTypeError", op: "bitwiseAnd" });
});

test("gradients where a function has an edge", async () => {
  const slope = (f: (x: m.Tensor) => m.Tensor, at: number[]) => m.grad((x: m.Tensor) => f(x).sum())(f32(at));
  await check({
    "clip passes at its bounds": [
      slope((x) => m.clip(x, { min: -1, max: 1 }), [-2, -1, 0, 1, 2]),
      [0, 1, 1, 1, 0],
    ],
    "maximum halves at a tie": [slope((x) => m.maximum(x, 1), [0, 1, 2]), [0, 0.5, 1]],
    "abs at 0": [slope((x) => x.abs(), [-2, 0, 2]), [-1, 0, 1]],
    "hypot at 0": [slope((x) => m.hypot(x, 0), [0, 2]), [0, 1]],
    "fmod by a": [slope((x) => m.fmod(x, 3), [7, -7]), [1, 1]],
    "fmod by b": [slope((y) => m.fmod(f32([7, -7, 7]), y), [3, 3, -3]), [-2, 2, 2]],
    "logAddExp at a tie and infinities": [
      slope((x) => m.logAddExp(x, f32([0, -inf, 1])), [0, 0, -inf]),
      [0.5, 1, 0],
    ],
    erfc: [slope((x) => m.erfc(x), [0.5]), [(-2 / Math.sqrt(Math.PI)) * Math.exp(-0.25)]],
    cbrt: [slope((x) => m.cbrt(x), [8, -27]), [1 / 12, 1 / 27]],
    exp2: [slope((x) => m.exp2(x), [3]), [8 * Math.LN2]],
    "clip by a tensor": [
      m.grad((low: m.Tensor) => m.clip(f32([0, 5]), { min: low }).sum())(f32([1, 1])),
      [1, 0],
    ],
  });
});
