import type { HostArray, HostDType } from "./host-array.ts";
import { checkHostArray } from "./host-array.ts";

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The number that the 16 bits of an IEEE 754 binary16 stand for. Exact. */
export function f16ToNumber(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The 16 bits of the binary16 nearest to the float32 nearest to `value`; ties go to the even neighbour. */
export function numberToF16(value: number): number {
  float[0] = value;
  return f32BitsToF16(word[0] as number);
}

function f32BitsToF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00 | ((size >>> 13) & 0x1ff); // NaN: stays one, made quiet
  if (size >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (size >= 0x38800000) {
    // Normal: rebias the exponent by 127 - 15, round 13 bits away; a carry into the exponent is right.
    const rebiased = size - (112 << 23);
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  const shift = 126 - (size >>> 23); // below 2^-14: count in steps of 2^-24
  if (shift > 24) return sign;
  const fraction = (size & 0x7fffff) | 0x800000;
  const floor = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (rest > half || (rest === half && floor & 1) ? floor + 1 : floor);
}

/** The number that the 16 bits of a bfloat16 stand for. Exact. */
export function bf16ToNumber(bits: number): number {
  word[0] = bits << 16;
  return float[0] as number;
}

/** The 16 bits of the bfloat16 nearest to the float32 nearest to `value`; ties go to the even neighbour. */
export function numberToBf16(value: number): number {
  float[0] = value;
  return f32BitsToBf16(word[0] as number);
}

function f32BitsToBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40; // NaN: stays one, made quiet
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/**
 * The elements of a host array as float32.
 *
 * @param array Any dtype. `f32` comes back as the same array, not a copy; `f16`, `bf16`, `bool` and integers
 *   of up to 16 bits convert exactly; `f64` and wider integers round to the nearest float32.
 * @returns The elements in row-major order.
 *
 * @example
 *   const { tensors } = readSafetensors(bytes);
 *   const weight = toFloat32(tensors["head.weight"]);
 *
 * Source: engine/io/half.ts.
 */
export function toFloat32({ dtype, data }: HostArray): Float32Array {
  if (dtype === "f32") return data as Float32Array;
  const result = new Float32Array(data.length);
  if (dtype === "bf16") {
    const words = new Uint32Array(result.buffer);
    for (let i = 0; i < words.length; i++) words[i] = (data[i] as number) << 16;
  } else if (dtype === "f16") {
    for (let i = 0; i < result.length; i++) result[i] = f16ToNumber(data[i] as number);
  } else {
    for (let i = 0; i < result.length; i++) result[i] = Number(data[i]);
  }
  return result;
}

/**
 * A host array of a float dtype from float32 elements.
 *
 * @param values Elements in row-major order.
 * @param shape Size of each axis.
 * @param dtype "f32" (shares `values`), "f64" (exact), "f16" or "bf16" (round to nearest, ties to even; too
 *   large becomes infinity). Default "f32".
 * @throws {TypeError} If the shape does not hold as many elements as there are.
 *
 * @example
 *   const half = fromFloat32(weights, [768, 384], "f16");
 *
 * Source: engine/io/half.ts.
 */
export function fromFloat32(
  values: Float32Array,
  shape: readonly number[],
  dtype: Extract<HostDType, "f16" | "bf16" | "f32" | "f64"> = "f32",
): HostArray {
  const array: HostArray = { dtype, shape, data: convert(values, dtype) };
  checkHostArray("fromFloat32", array);
  return array;
}

function convert(values: Float32Array, dtype: "f16" | "bf16" | "f32" | "f64"): HostArray["data"] {
  if (dtype === "f32") return values;
  if (dtype === "f64") return Float64Array.from(values);
  const narrow = dtype === "f16" ? f32BitsToF16 : f32BitsToBf16;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, narrow);
}
