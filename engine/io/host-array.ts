/**
 * A dense array in host memory: what the file readers give and the writers take.
 *
 * Elements are in row-major order. `bool` holds one byte an element (0 or 1); `f16` and `bf16` hold their
 * bits, since JavaScript has no number type for them: `toFloat32` and `fromFloat32` (engine/io/half.ts)
 * convert.
 *
 * Source: engine/io/host-array.ts.
 */
export interface HostArray {
  readonly dtype: HostDType;
  /** Size of each axis; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** As many elements as the shape says, of the array type that belongs to the dtype. */
  readonly data: HostData;
}

interface HostDataOf {
  bool: Uint8Array;
  u8: Uint8Array;
  i8: Int8Array;
  i16: Int16Array;
  u16: Uint16Array;
  f16: Uint16Array;
  bf16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  f32: Float32Array;
  f64: Float64Array;
  i64: BigInt64Array;
  u64: BigUint64Array;
}

export type HostDType = keyof HostDataOf;
export type HostData = HostDataOf[HostDType];

const ARRAY_TYPES = {
  bool: Uint8Array,
  u8: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  u16: Uint16Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
} as const;

export const hostDTypes = Object.keys(ARRAY_TYPES) as readonly HostDType[];

/** Bytes of one element. */
export function itemSize(dtype: HostDType): number {
  return ARRAY_TYPES[dtype].BYTES_PER_ELEMENT;
}

/**
 * Number of elements of a shape, or undefined when a running product leaves the integers that a number holds
 * exactly (also where a later axis is 0, as the reference implementation of safetensors has it).
 */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** A shape as messages show it: `[2,3]`. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * The elements that lie in `bytes`, whose length must be a multiple of the item size.
 *
 * The result shares memory with `bytes` where the host could read it in place (aligned and in the host's byte
 * order) and is a copy where not.
 */
export function elementsOf(bytes: Uint8Array, dtype: HostDType, littleEndian: boolean): HostData {
  const size = itemSize(dtype);
  const swap = size > 1 && littleEndian !== hostIsLittleEndian;
  const source = swap || bytes.byteOffset % size !== 0 ? bytes.slice() : bytes;
  if (swap) reverseEach(source, size);
  return new ARRAY_TYPES[dtype](source.buffer as ArrayBuffer, source.byteOffset, source.byteLength / size);
}

/** The little-endian bytes of a typed array: a view where the host is little-endian, a copy where not. */
export function littleEndianBytes(data: HostData): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (hostIsLittleEndian || data.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = bytes.slice();
  reverseEach(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

function reverseEach(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Index of the first byte that is neither 0 nor 1, or -1. */
export function firstNonBool(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte > 1);
}

/**
 * Checks an array that a caller hands to a writer.
 *
 * @throws {TypeError} If dtype, shape and data do not belong together; `who` starts the message.
 */
export function checkHostArray(who: string, { dtype, shape, data }: HostArray): void {
  const type = Object.hasOwn(ARRAY_TYPES, dtype) ? ARRAY_TYPES[dtype] : undefined;
  if (type === undefined) {
    throw new TypeError(`${who}: unknown dtype ${String(dtype)}; need one of ${hostDTypes.join(", ")}`);
  }
  // By name, not instanceof: an array made in another realm (iframe, vm context) is as good.
  const given = (data as HostData | undefined)?.[Symbol.toStringTag];
  if (given !== type.name) {
    throw new TypeError(
      `${who}: dtype ${dtype} needs its data in a ${type.name}, got ${given ?? typeof data}`,
    );
  }
  const wrong = shape.find((size) => !Number.isSafeInteger(size) || size < 0);
  if (wrong !== undefined) {
    throw new TypeError(`${who}: shape ${shapeText(shape)} has the size ${wrong}; need integers >= 0`);
  }
  const count = elementCount(shape);
  if (count !== data.length) {
    const needs = count ?? "more than 2^53";
    throw new TypeError(
      `${who}: data has ${data.length} elements, ${dtype}${shapeText(shape)} needs ${needs}`,
    );
  }
  if (dtype === "bool") {
    const at = firstNonBool(data as Uint8Array);
    if (at >= 0) throw new TypeError(`${who}: bool data holds ${data[at]} at ${at}; need 0 or 1`);
  }
}
