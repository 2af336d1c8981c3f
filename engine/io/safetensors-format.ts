import type { HostArray, HostDType } from "./host-array.ts";

/** The dtypes in the order of the reference implementation: the writer puts the last ones first. */
export const FILE_DTYPES = {
  BOOL: "bool",
  U8: "u8",
  I8: "i8",
  I16: "i16",
  U16: "u16",
  F16: "f16",
  BF16: "bf16",
  I32: "i32",
  U32: "u32",
  F32: "f32",
  F64: "f64",
  I64: "i64",
  U64: "u64",
} as const satisfies Record<string, HostDType>;
export type FileDType = keyof typeof FILE_DTYPES;
export const fileDTypes = Object.keys(FILE_DTYPES) as readonly FileDType[];

/** Of the length of the header, which comes first. */
export const LENGTH_BYTES = 8;
export const MAX_HEADER_BYTES = 100_000_000; // what the reference implementation accepts
export const METADATA_KEY = "__metadata__";

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** By name, in the order of the file's header. */
  readonly tensors: Record<string, HostArray>;
  readonly metadata: Record<string, string>;
}
