import { DTypeError, dtypeError } from "./errors.ts";

/** Element types. `bool` is held as u32 (0 or 1) on the device; `f16` computes in f32 and stores in half. */
export type DType = "f32" | "f16" | "i32" | "u32" | "bool";

/** Host arrays that carry tensor data; `f16` travels as `Float32Array`, `bool` as `Uint8Array`. */
export type HostData = Float32Array | Int32Array | Uint32Array | Uint8Array;

export const DTYPES: readonly DType[] = ["f32", "f16", "i32", "u32", "bool"];

/** Refuses what is no dtype, which only a program without types can ask for. */
export function checkDType(op: string, dtype: DType): DType {
  if (!DTYPES.includes(dtype))
    throw new DTypeError(op, { problem: `"${dtype}" is no dtype`, need: DTYPES.join(", ") });
  return dtype;
}

export const isFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "f16";
export const isInteger = (dtype: DType): boolean => dtype === "i32" || dtype === "u32";

/** Bytes of one element in a device buffer. */
export const byteSize = (dtype: DType): number => (dtype === "f16" ? 2 : 4);

/** Bytes of `count` elements in a device buffer, rounded up to the 4 that copies need. */
export const bufferBytes = (dtype: DType, count: number): number =>
  Math.max(4, Math.ceil((byteSize(dtype) * count) / 4) * 4);

const RANK: Record<DType, number> = { bool: 0, i32: 1, u32: 1, f16: 2, f32: 3 };

/** The dtype two operands compute in: bool < i32, u32 < f16 < f32. i32 with u32 has none. */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  if (RANK[a] === RANK[b]) {
    throw dtypeError({
      problem: `no common dtype of ${a} and ${b}`,
      need: "operands of one signedness",
      hint: 'b.cast("i32")',
    });
  }
  return RANK[a] > RANK[b] ? a : b;
}

/** The dtype of a plain JavaScript number next to an operand of dtype `other`. */
export function dtypeOfNumber(value: number | boolean, other: DType): DType {
  if (typeof value === "boolean") return other;
  if (isFloat(other)) return other;
  if (!Number.isInteger(value)) return "f32";
  if (other === "bool") return "i32";
  return other;
}

export function allocateHost(dtype: DType, length: number): HostData {
  switch (dtype) {
    case "i32":
      return new Int32Array(length);
    case "u32":
      return new Uint32Array(length);
    case "bool":
      return new Uint8Array(length);
    default:
      return new Float32Array(length);
  }
}
