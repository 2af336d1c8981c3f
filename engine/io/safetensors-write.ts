import { quoted } from "./errors.ts";
import { checkHostArray, type HostArray, littleEndianBytes } from "./host-array.ts";
import {
  FILE_DTYPES,
  fileDTypes,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  METADATA_KEY,
} from "./safetensors-format.ts";

/**
 * Writes a safetensors file.
 *
 * Equal contents give equal bytes, in whatever order the entries come: tensors are laid out as the reference
 * implementation does it (widest dtypes first, then by name, so that each is aligned) and metadata by key.
 *
 * @param tensors Arrays by name. The name "__metadata__" is the format's own.
 * @param metadata Strings by key, kept in the header; an empty object writes none.
 * @returns The file: 8 bytes of header length, the header padded with spaces to a multiple of 8, the data.
 * @throws {TypeError} If an array's dtype, shape and data do not belong together, or a name cannot be
 *   written.
 * @throws {RangeError} If the header would be longer than readers accept (100 MB).
 *
 * @example
 *   const weight: HostArray = { dtype: "f32", shape: [2, 3], data: new Float32Array(6) };
 *   const bytes = writeSafetensors({ "head.weight": weight }, { epoch: "10" });
 *
 * Source: engine/io/safetensors-write.ts. Format: https://github.com/huggingface/safetensors#format
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, HostArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors).map(([name, array]) => {
    if (name === METADATA_KEY) {
      throw new TypeError(`writeSafetensors: no tensor may be called ${METADATA_KEY}`);
    }
    checkName(name);
    checkHostArray(`writeSafetensors: tensor ${quoted(name)}`, array);
    const rank = fileDTypes.findIndex((fileDType) => FILE_DTYPES[fileDType] === array.dtype);
    return { name, array, rank, fileDType: fileDTypes[rank] };
  });
  entries.sort((a, b) => b.rank - a.rank || compareCodePoints(a.name, b.name));

  const header: string[] = [];
  const labels = Object.entries(metadata).sort(([a], [b]) => compareCodePoints(a, b));
  if (labels.length > 0) {
    for (const [key, text] of labels) {
      if (typeof text !== "string") {
        throw new TypeError(`writeSafetensors: metadata ${quoted(key)} is not a string`);
      }
      checkName(key);
      checkName(text);
    }
    // Piece by piece, not JSON.stringify of an object, which would put keys such as "10" first.
    header.push(`"${METADATA_KEY}":{${labels.map((label) => label.map(toJson).join(":")).join(",")}}`);
  }
  let dataLength = 0;
  for (const { name, array, fileDType } of entries) {
    const begin = dataLength;
    dataLength += array.data.byteLength;
    const fields = { dtype: fileDType, shape: array.shape, data_offsets: [begin, dataLength] };
    header.push(`${toJson(name)}:${JSON.stringify(fields)}`);
  }
  const headerBytes = new TextEncoder().encode(`{${header.join(",")}}`);
  const headerLength = Math.ceil(headerBytes.length / 8) * 8;
  if (headerLength > MAX_HEADER_BYTES) {
    throw new RangeError(
      `writeSafetensors: the header needs ${headerLength} bytes; readers accept ${MAX_HEADER_BYTES}`,
    );
  }

  const file = new Uint8Array(LENGTH_BYTES + headerLength + dataLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(headerBytes, LENGTH_BYTES);
  file.fill(0x20, LENGTH_BYTES + headerBytes.length, LENGTH_BYTES + headerLength);
  let at = LENGTH_BYTES + headerLength;
  for (const { array } of entries) {
    file.set(littleEndianBytes(array.data), at);
    at += array.data.byteLength;
  }
  return file;
}

function toJson(text: string): string {
  return JSON.stringify(text);
}

/** UTF-8 has no bytes for half a surrogate pair: written, it could not be read back. */
function checkName(text: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new TypeError(`writeSafetensors: ${quoted(text)} holds half a surrogate pair`);
  }
}

/** The order of the UTF-8 bytes, which `<` on strings (UTF-16 units) is not. */
function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
