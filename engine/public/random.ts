import { AxisError } from "../core/errors.ts";
import { isTracing } from "../evaluate.ts";
import * as functions from "../functions/random.ts";
import { lift } from "../lift.ts";
import { constant } from "../ops/build.ts";
import { threefry2x32 } from "../ops/threefry.ts";
import type { Storage } from "../runtime/storage.ts";
import { scalar, type Tensor, tensor, wrap } from "../tensor.ts";

// Randomness has no hidden state: every function takes a key and gives the same numbers for the same key, on every
// device. A key is used once; `splitKey` and `foldIn` make new ones. Threefry-2x32 (Salmon et al. 2011) on the counters
// of JAX with jax_threefry_partitionable: bits, keys and splits are equal to JAX's. Nothing here has a gradient with
// respect to a key; bounds, means and deviations that are tensors get theirs.

/**
 * The key of a seed, `u32[2]`.
 *
 * @param seed An integer, 0 <= seed < 2^53.
 */
export function key(seed: number): Tensor {
  checkInteger("key", seed, 2 ** 53);
  return tensor(Uint32Array.of(Math.floor(seed / 2 ** 32), seed % 2 ** 32));
}

function checkInteger(name: string, value: number, limit: number): void {
  if (Number.isInteger(value) && value >= 0 && value < limit) return;
  throw new AxisError(name, { problem: `${value} is no seed`, need: `an integer, 0 <= seed < ${limit}` });
}

/** `count` new keys, independent of each other and of `key`: `u32[count, 2]`, 2 by default. */
export const splitKey = lift(functions.splitKey);

const foldInTensor = lift(functions.foldIn);

/**
 * A new key from a key and a number, such as that of a step or a sample.
 *
 * @param data An integer, 0 <= data < 2^32, or an integer tensor of one element.
 */
export function foldIn(key: Tensor, data: number | Tensor): Tensor {
  if (typeof data !== "number") return foldInTensor(key, data);
  checkInteger("foldIn", data, 2 ** 32);
  // Chains of keys, such as those of the parts of a model, are worked out at once: no kernel for each link.
  const known = isTracing() ? null : hostWords(key);
  if (known) return tensor(Uint32Array.from(threefry2x32(known[0] as number, known[1] as number, 0, data)));
  // A number is an input of eager work, whose kernels then serve every number, but a constant of a traced function.
  return foldInTensor(key, isTracing() ? wrap(constant([], data, "u32")) : scalar(data, "u32"));
}

/** The words of a key whose values are on the host. */
function hostWords({ node: { stored, dtype, shape } }: Tensor): ArrayLike<number> | null {
  const { hostData = null, disposed = true } = (stored ?? {}) as Partial<Storage>;
  return disposed || dtype !== "u32" || shape.join() !== "2" ? null : (hostData as Uint32Array);
}

/** Random bits, u32 of a shape. */
export const randomBits = lift(functions.randomBits);

/**
 * Numbers that are equally likely anywhere in `min <= x < max`.
 *
 * @param shape Sizes; bounds that are tensors must broadcast to it.
 * @param options.min 0 by default.
 * @param options.max 1 by default. Rounding may reach it where the bounds are close together and far from 0.
 * @param options.dtype f32 by default.
 */
export const uniform = lift(functions.uniform);

/**
 * Numbers with the normal distribution.
 *
 * @param options.mean 0 by default.
 * @param options.std Standard deviation, 1 by default.
 * @param options.dtype f32 by default.
 *
 * Source: the transform of Box and Muller 1958 on 24 bits each; no number is further than 5.8 deviations out.
 */
export const normal = lift(functions.normal);

/**
 * bool: true with probability `p`.
 *
 * @param p Number or tensor; 0 gives no true at all and 1 nothing else.
 * @param shape By default that of `p`.
 */
export const bernoulli = lift(functions.bernoulli);

/**
 * Integers that are equally likely in `low <= x < high`.
 *
 * @param options.low 0 by default.
 * @param options.dtype i32 by default, or u32.
 * @throws {AxisError} If the range is empty, or the dtype cannot hold it.
 */
export const randint = lift(functions.randint);

/** The numbers 0 to count - 1 in random order, `i32[count]`. */
export const permutation = lift(functions.permutation);

/**
 * Positions among `count`, i32 of a shape.
 *
 * @param options.replace Whether a position may come again; true by default.
 * @param options.weights How likely each position is, `f32[count]`, up to a common factor; equal by default.
 * @throws {AxisError} If there are not enough positions to choose without replacement.
 */
export const choice = lift(functions.choice);
