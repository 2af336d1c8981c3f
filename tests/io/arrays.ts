import fc from "fast-check";
import type { HostArray, HostData, HostDType } from "../../engine/io/host-array.ts";
import { elementCount, elementsOf, hostDTypes, itemSize } from "../../engine/io/host-array.ts";

/** An array of the dtype with every byte drawn at random (0 or 1 for bool). */
export function arbitraryArray(dtypes: readonly HostDType[] = hostDTypes): fc.Arbitrary<HostArray> {
  return fc
    .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 4 }))
    .chain(([dtype, shape]) => {
      const length = (elementCount(shape) as number) * itemSize(dtype);
      const byte = fc.nat(dtype === "bool" ? 1 : 255);
      return fc
        .array(byte, { minLength: length, maxLength: length })
        .map((bytes) => ({ dtype, shape, data: elementsOf(Uint8Array.from(bytes), dtype, true) }));
    });
}

/** The bytes, so that NaN payloads and the sign of zero count. */
export function bytesOf(data: HostData): number[] {
  return Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** What must be equal for two arrays to be the same. */
export function facts({ dtype, shape, data }: HostArray): unknown {
  return { dtype, shape, type: data.constructor.name, bytes: bytesOf(data) };
}

/** The same bytes at an address that no item size but 1 divides. */
export function atOddAddress(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(bytes.length + 3);
  room.set(bytes, 3);
  return room.subarray(3);
}

/** A few elements of each dtype, with its extremes. */
export const samples: { readonly [D in HostDType]: HostArray } = {
  bool: { dtype: "bool", shape: [3], data: Uint8Array.of(0, 1, 1) },
  u8: { dtype: "u8", shape: [1, 3], data: Uint8Array.of(0, 127, 255) },
  i8: { dtype: "i8", shape: [3, 1], data: Int8Array.of(-128, 0, 127) },
  i16: { dtype: "i16", shape: [3], data: Int16Array.of(-32768, 0, 32767) },
  u16: { dtype: "u16", shape: [3], data: Uint16Array.of(0, 1, 65535) },
  f16: { dtype: "f16", shape: [3], data: Uint16Array.of(0x3c00, 0x7e01, 0x8000) },
  bf16: { dtype: "bf16", shape: [3], data: Uint16Array.of(0x3f80, 0x7fc1, 0x8000) },
  i32: { dtype: "i32", shape: [2, 0], data: new Int32Array(0) },
  u32: { dtype: "u32", shape: [2], data: Uint32Array.of(0, 2 ** 32 - 1) },
  f32: { dtype: "f32", shape: [], data: Float32Array.of(-0) },
  f64: { dtype: "f64", shape: [2], data: Float64Array.of(Number.NaN, Number.MIN_VALUE) },
  i64: { dtype: "i64", shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  u64: { dtype: "u64", shape: [1, 2, 1], data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
};
