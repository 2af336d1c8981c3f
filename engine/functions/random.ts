import type { DType } from "../core/dtype.ts";
import { axisError, shapeError } from "../core/errors.ts";
import { listOf, shapesEqual, sizeOf } from "../core/shape.ts";
import { type GraphNode, makeNode } from "../ir/node.ts";
import type { Primitive } from "../ir/primitive.ts";
import * as binary from "../ops/binary.ts";
import { castTo, constant, type Operand, ops, reshapeTo } from "../ops/build.ts";
import { argsort as argsortPrimitive } from "../ops/indexing.ts";
import type { ShapeLike } from "./creation.ts";
import { define } from "./define.ts";
import { lerp, rightShift } from "./elementwise.ts";
import { cumsum } from "./reduction.ts";
import { argsort, searchsorted } from "./sorting.ts";

// Counter-based: a value depends on its key and its number alone, so it is the same on every device and in every
// order of work. The counters are those of JAX (jax_threefry_partitionable), and so are the bits.

function checkKey(key: GraphNode): void {
  if (key.dtype === "u32" && shapesEqual(key.shape, [2])) return;
  throw shapeError({ problem: "no random key", got: { key }, need: "u32[2]", hint: "key(seed)" });
}

/** One word of the block that belongs to a counter, for each of them. */
function block(key: GraphNode, low: GraphNode, word: 0 | 1): GraphNode {
  const part = (i: number) =>
    ops.broadcastTo(
      ops.reshape(
        ops.slice(key, 0, i, 1),
        low.shape.map(() => 1),
      ),
      low.shape,
    );
  const high = constant(low.shape, 0, "u32");
  return makeNode(binary.threefry as Primitive, [part(0), part(1), high, low], { word });
}

/** The numbers of the elements of a shape. */
const counters = (shape: readonly number[]): GraphNode =>
  castTo(reshapeTo(ops.iota([sizeOf(shape)], 0), shape), "u32");

const bitXor = (a: GraphNode, b: GraphNode) => makeNode(binary.bitXor as Primitive, [a, b]);

/** Both words of blocks, as a new last axis: keys. */
function keysAt(key: GraphNode, low: GraphNode): GraphNode {
  const word = (w: 0 | 1) => reshapeTo(block(key, low, w), [...low.shape, 1]);
  return ops.concat([word(0), word(1)], low.shape.length);
}

export const splitKey = define("splitKey", (key: GraphNode, count: number = 2): GraphNode => {
  checkKey(key);
  return keysAt(key, counters([count]));
});

export const foldIn = define("foldIn", (key: GraphNode, data: GraphNode): GraphNode => {
  checkKey(key);
  return reshapeTo(keysAt(key, castTo(reshapeTo(data, []), "u32")), [2]);
});

export const randomBits = define("randomBits", (key: GraphNode, shape: ShapeLike): GraphNode => {
  checkKey(key);
  const at = counters(listOf(shape));
  return bitXor(block(key, at, 0), block(key, at, 1));
});

/** Multiples of 2^-24 in 0 <= x < 1, from the upper 24 bits. */
const fraction = (bits: GraphNode): GraphNode => ops.mul(castTo(rightShift(bits, 8), "f32"), 2 ** -24);

export interface UniformOptions {
  min?: Operand;
  max?: Operand;
  dtype?: DType;
}

export const uniform = define(
  "uniform",
  (key: GraphNode, shape: ShapeLike, options: UniformOptions = {}): GraphNode => {
    const { min = 0, max = 1, dtype = "f32" } = options;
    const unit = fraction(randomBits(key, shape));
    const plain = min === 0 && max === 1;
    return castTo(plain ? unit : lerp(min, max, unit), dtype);
  },
);

export interface NormalOptions {
  mean?: Operand;
  std?: Operand;
  dtype?: DType;
}

export const normal = define(
  "normal",
  (key: GraphNode, shape: ShapeLike, options: NormalOptions = {}): GraphNode => {
    checkKey(key);
    const { mean = 0, std = 1, dtype = "f32" } = options;
    const at = counters(listOf(shape));
    // Box and Muller: the two words of a block are independent. The radius is from 0 < u <= 1, its logarithm finite.
    const radius = ops.add(fraction(block(key, at, 0)), 2 ** -24);
    const angle = ops.mul(fraction(block(key, at, 1)), 2 * Math.PI);
    const unit = ops.mul(ops.sqrt(ops.mul(ops.log(radius), -2)), ops.cos(angle));
    const scaled = typeof std === "object" ? ops.mul(unit, std) : ops.mul(unit, Number(std));
    return castTo(typeof mean === "object" ? ops.add(scaled, mean) : ops.add(scaled, Number(mean)), dtype);
  },
);

export const bernoulli = define(
  "bernoulli",
  (key: GraphNode, p: GraphNode | number, shape?: ShapeLike): GraphNode => {
    const unit = fraction(randomBits(key, shape ?? (typeof p === "object" ? p.shape : [])));
    return ops.less(unit, p);
  },
);

/** The upper 32 bits of a product of u32. */
function upperProduct(a: GraphNode, b: number): GraphNode {
  const low = (x: GraphNode) => makeNode(binary.bitAnd as Primitive, [x, constant(x.shape, 0xffff, "u32")]);
  const high = (x: GraphNode) => rightShift(x, 16);
  const [b1, b0] = [Math.floor(b / 65536), b % 65536];
  const middle = ops.add(ops.mul(high(a), b0), high(ops.mul(low(a), b0)));
  const carry = high(ops.add(ops.mul(low(a), b1), low(middle)));
  return ops.add(ops.add(ops.mul(high(a), b1), high(middle)), carry);
}

export interface RandintOptions {
  low?: number;
  high: number;
  dtype?: "i32" | "u32";
}

export const randint = define(
  "randint",
  (key: GraphNode, shape: ShapeLike, options: RandintOptions): GraphNode => {
    checkKey(key);
    const { low = 0, high, dtype = "i32" } = options;
    const span = high - low;
    const [least, most] = dtype === "i32" ? [-(2 ** 31), 2 ** 31] : [0, 2 ** 32];
    if (![low, high].every(Number.isInteger) || span < 1 || low < least || high > most) {
      throw axisError({
        problem: "no such range",
        got: { low, high, dtype },
        need: "integers with low < high that the dtype can hold",
      });
    }
    const at = counters(listOf(shape));
    const [first, second] = [block(key, at, 0), block(key, at, 1)];
    if (span === 2 ** 32) return castTo(ops.add(first, low >>> 0), dtype);
    // 64 random bits, as a fraction, times the span: the bias is below 2^-32.
    const whole = upperProduct(first, span);
    const rest = ops.mul(first, span);
    const carry = ops.less(ops.add(rest, upperProduct(second, span)), rest);
    return castTo(ops.add(ops.add(whole, castTo(carry, "u32")), low >>> 0), dtype);
  },
);

export const permutation = define(
  "permutation",
  (key: GraphNode, count: number): GraphNode =>
    makeNode(argsortPrimitive as Primitive, [randomBits(key, [count])]),
);

export interface ChoiceOptions {
  /** Whether one position may be chosen again; true by default. */
  replace?: boolean;
  /** How likely each position is, f32[count], up to a common factor. */
  weights?: GraphNode;
}

export const choice = define(
  "choice",
  (key: GraphNode, count: number, shape: ShapeLike, options: ChoiceOptions = {}): GraphNode => {
    const { replace = true, weights } = options;
    const sizes = listOf(shape);
    const total = sizeOf(sizes);
    if (weights && !shapesEqual(weights.shape, [count]))
      throw shapeError({ problem: "not one weight for each", got: { weights, count } });
    if (count < 1 || (!replace && total > count)) {
      throw axisError({ problem: `${total} of ${count}`, need: "enough to choose from" });
    }
    if (replace) {
      if (!weights) return randint(key, sizes, { high: count });
      const sums = cumsum(weights);
      const top = ops.broadcastTo(ops.slice(sums, 0, count - 1, 1), [total]);
      const at = ops.mul(uniform(key, [total]), top);
      return reshapeTo(ops.minimum(searchsorted(sums, at, { side: "right" }), count - 1), sizes);
    }
    // Without replacement: exponential waiting times at the rates of the weights, the first to come are chosen.
    const order = weights
      ? argsort(ops.div(ops.neg(ops.log(ops.add(uniform(key, [count]), 2 ** -25))), weights))
      : permutation(key, count);
    return reshapeTo(ops.slice(order, 0, 0, total), sizes);
  },
);
