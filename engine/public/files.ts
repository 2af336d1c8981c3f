import type { DType } from "../core/dtype.ts";
import { fromFloat32, toFloat32 } from "../io/half.ts";
import type { HostArray, HostData } from "../io/host-array.ts";
import { readNpy as readNpyFile, writeNpy as writeNpyFile } from "../io/npy.ts";
import { readSafetensors as readSafetensorsFile } from "../io/safetensors-read.ts";
import { writeSafetensors as writeFile } from "../io/safetensors-write.ts";
import { type Tensor, tensor } from "../tensor.ts";

export interface SafetensorsContents {
  /** By name, in the order of the file's header. */
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/**
 * The tensors of a safetensors file.
 *
 * Element types become those of the engine: all floats f32, signed integers i32, unsigned ones u32, BOOL bool. Half
 * precision is widened because not every adapter has it; `cast("f16")` takes it back.
 *
 * @param bytes The file. It may start anywhere in its buffer.
 * @throws {FileFormatError} If the file is damaged; the message says where and how.
 * @throws {RangeError} If a 64-bit integer does not fit into 32 bits.
 *
 * @example
 *   const { tensors } = readSafetensors(new Uint8Array(await file.arrayBuffer()));
 *
 * Source: engine/public/files.ts. Format: https://github.com/huggingface/safetensors#format
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsContents {
  const { tensors, metadata } = readSafetensorsFile(bytes);
  return {
    // fromEntries, not assignment: a tensor may be called "__proto__".
    tensors: Object.fromEntries(
      Object.entries(tensors).map(([name, array]) => [
        name,
        fromHostArray(`readSafetensors: "${name}"`, array),
      ]),
    ),
    metadata,
  };
}

/**
 * A safetensors file of these tensors. Equal contents give equal bytes, whatever the order of the names.
 *
 * @param tensors By name; f32, f16, i32, u32 and bool are stored as such.
 * @param metadata Strings by key, kept in the header.
 *
 * @example
 *   const bytes = await writeSafetensors({ "head.weight": weight }, { epoch: "10" });
 *
 * Source: engine/public/files.ts.
 */
export async function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = Object.entries(tensors);
  // Together, so that what is still to be computed is one evaluation and the readbacks overlap.
  const arrays = await Promise.all(entries.map(([, x]) => toHostArray(x)));
  return writeFile(Object.fromEntries(entries.map(([name], i) => [name, arrays[i] as HostArray])), metadata);
}

/**
 * The array of a numpy file (`numpy.save`); element types change as in `readSafetensors`.
 *
 * @throws {FileFormatError} If the file is damaged, or holds strings, objects, structures or complex numbers.
 * @throws {RangeError} If a 64-bit integer does not fit into 32 bits.
 *
 * Source: engine/public/files.ts.
 */
export const readNpy = (bytes: Uint8Array): Tensor => fromHostArray("readNpy", readNpyFile(bytes));

/** A file that `numpy.load` reads. */
export const writeNpy = async (x: Tensor): Promise<Uint8Array<ArrayBuffer>> =>
  writeNpyFile(await toHostArray(x));

const ENGINE_DTYPE: Record<HostArray["dtype"], Exclude<DType, "f16">> = {
  bool: "bool",
  u8: "u32",
  u16: "u32",
  u32: "u32",
  u64: "u32",
  i8: "i32",
  i16: "i32",
  i32: "i32",
  i64: "i32",
  f16: "f32",
  bf16: "f32",
  f32: "f32",
  f64: "f32",
};

function fromHostArray(what: string, array: HostArray): Tensor {
  const { shape } = array;
  const dtype = ENGINE_DTYPE[array.dtype];
  if (dtype === "f32") return tensor(toFloat32(array), { shape });
  const data = array.dtype === "i64" || array.dtype === "u64" ? narrow(what, array.data, dtype) : array.data;
  return tensor(data as Int32Array, { shape, dtype });
}

function narrow(what: string, data: HostData, dtype: DType): Int32Array | Uint32Array {
  const [least, most] = dtype === "i32" ? [-(2n ** 31n), 2n ** 31n - 1n] : [0n, 2n ** 32n - 1n];
  const wide = data as BigInt64Array | BigUint64Array;
  const out = dtype === "i32" ? new Int32Array(wide.length) : new Uint32Array(wide.length);
  for (let i = 0; i < wide.length; i++) {
    const value = wide[i] as bigint;
    if (value < least || value > most) {
      throw new RangeError(`${what}: element ${i} is ${value}, which does not fit into ${dtype}`);
    }
    out[i] = Number(value);
  }
  return out;
}

async function toHostArray(x: Tensor): Promise<HostArray> {
  const data = await x.data();
  if (x.dtype !== "f16") return { dtype: x.dtype, shape: x.shape, data };
  return fromFloat32(data as Float32Array, x.shape, "f16");
}
