import { FileFormatError, quoted } from "./errors.ts";
import {
  elementCount,
  elementsOf,
  firstNonBool,
  type HostArray,
  type HostDType,
  itemSize,
  shapeText,
} from "./host-array.ts";
import { isJsonObject, type JsonValue, jsonText, parseJson, sizeOf } from "./json.ts";
import {
  FILE_DTYPES,
  type FileDType,
  fileDTypes,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  METADATA_KEY,
  type SafetensorsFile,
} from "./safetensors-format.ts";

interface Entry {
  readonly name: string;
  readonly dtype: HostDType;
  readonly shape: readonly number[];
  /** First byte and byte after the last, from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file.
 *
 * The whole file is checked before anything is returned: each tensor's bytes must be as many as its dtype and
 * shape need, and together they must cover the data exactly, without holes, overlaps or bytes left over.
 *
 * @param bytes The file. It may start anywhere in its buffer.
 * @returns The tensors, and the `__metadata__` of the header (empty when there is none). Tensor data shares
 *   memory with `bytes` where alignment allows and is a copy where not, so leave `bytes` alone while the
 *   tensors are in use.
 * @throws {FileFormatError} If the file is damaged or holds a dtype outside F64, F32, F16, BF16, I64, I32,
 *   I16, I8, U64, U32, U16, U8 and BOOL. The message names the tensor and the numbers that disagree.
 *
 * Memory: no more than the header and the unaligned tensors.
 *
 * @example
 *   const { tensors, metadata } = readSafetensors(new Uint8Array(await file.arrayBuffer()));
 *
 * Source: engine/io/safetensors-read.ts. Format: https://github.com/huggingface/safetensors#format
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const metadata = readMetadata(header.get(METADATA_KEY));
  const entries: Entry[] = [];
  for (const [name, value] of header) {
    if (name !== METADATA_KEY) entries.push(readEntry(name, value));
  }
  checkCoverage(entries, dataStart, bytes.length);

  // fromEntries, not assignment: a tensor may be called "__proto__".
  const tensors = Object.fromEntries(
    entries.map(({ name, dtype, shape, begin, end }): [string, HostArray] => {
      const region = bytes.subarray(dataStart + begin, dataStart + end);
      if (dtype === "bool") checkBools(name, region, dataStart + begin);
      return [name, { dtype, shape, data: elementsOf(region, dtype, true) }];
    }),
  );
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { header: ReadonlyMap<string, JsonValue>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw bad(`the file has ${bytes.length} bytes, too few for the 8 that give the header's length`, 0);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw bad(`the header is said to have ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed`, 0);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > bytes.length) {
    const present = bytes.length - LENGTH_BYTES;
    throw bad(`the header is said to have ${length} bytes, but only ${present} follow`, 0);
  }
  // A copy, since TextDecoder refuses shared memory. A byte order mark is kept, and then is no "{".
  const headerBytes = bytes.slice(LENGTH_BYTES, dataStart);
  if (headerBytes[0] !== 0x7b) throw bad('the header does not start with "{"', LENGTH_BYTES);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(headerBytes);
  } catch (cause) {
    throw bad("the header is not UTF-8", LENGTH_BYTES, cause);
  }
  const header = parseJson(text, "safetensors", LENGTH_BYTES);
  if (!isJsonObject(header)) throw bad("the header is not a JSON object", LENGTH_BYTES);
  return { header, dataStart };
}

function readMetadata(value: JsonValue | undefined): Record<string, string> {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw bad(`${METADATA_KEY} is ${jsonText(value)}; need an object of strings`);
  return Object.fromEntries(
    Array.from(value, ([key, item]): [string, string] => {
      if (typeof item === "string") return [key, item];
      throw bad(`${METADATA_KEY} has ${jsonText(item)} under ${quoted(key)}; need a string`);
    }),
  );
}

function readEntry(name: string, value: JsonValue): Entry {
  const tensor = `tensor ${quoted(name)}`;
  if (!isJsonObject(value)) throw bad(`${tensor} is described by ${jsonText(value)}; need an object`);

  const fileDType = value.get("dtype");
  if (typeof fileDType !== "string" || !Object.hasOwn(FILE_DTYPES, fileDType)) {
    throw bad(`${tensor} has the dtype ${jsonText(fileDType)}; need one of ${fileDTypes.join(", ")}`);
  }
  const dtype = FILE_DTYPES[fileDType as FileDType];

  const shape = sizesOf(value.get("shape"));
  if (shape === undefined) {
    throw bad(
      `${tensor} has the shape ${jsonText(value.get("shape"))}; need a list of integers, 0 to 2^53 - 1`,
    );
  }
  const offsets = sizesOf(value.get("data_offsets"));
  const [begin, end] = offsets ?? [];
  if (offsets?.length !== 2 || begin === undefined || end === undefined) {
    const given = jsonText(value.get("data_offsets"));
    throw bad(`${tensor} has the data_offsets ${given}; need two integers, 0 to 2^53 - 1`);
  }
  if (begin > end) throw bad(`${tensor} ends at ${end} before it begins at ${begin}`);

  const needed = elementCount([...shape, itemSize(dtype)]);
  if (needed !== end - begin) {
    const has = `${end - begin} bytes (data_offsets [${begin},${end}])`;
    throw bad(
      `${tensor} has ${has}, but ${fileDType}${shapeText(shape)} needs ${needed ?? "more than 2^53"}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function sizesOf(value: JsonValue | undefined): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const sizes: number[] = [];
  for (const item of value as readonly JsonValue[]) {
    const size = sizeOf(item);
    if (size === undefined) return undefined;
    sizes.push(size);
  }
  return sizes;
}

function checkCoverage(entries: readonly Entry[], dataStart: number, fileLength: number): void {
  const dataLength = fileLength - dataStart;
  let covered = 0;
  let before = "";
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const tensor = `tensor ${quoted(name)} (data_offsets [${begin},${end}])`;
    if (begin > covered) {
      throw bad(
        `no tensor covers the data from ${covered} to ${begin}, before ${tensor}`,
        dataStart + covered,
      );
    }
    if (begin < covered) {
      throw bad(`${tensor} overlaps tensor ${quoted(before)}, which ends at ${covered}`, dataStart + begin);
    }
    if (end > dataLength) {
      throw bad(
        `${tensor} reaches past the data, which has ${dataLength} bytes: the file is cut short`,
        fileLength,
      );
    }
    covered = end;
    before = name;
  }
  if (covered < dataLength) {
    throw bad(`${dataLength - covered} bytes are left over after the last tensor`, dataStart + covered);
  }
}

function checkBools(name: string, region: Uint8Array, start: number): void {
  const at = firstNonBool(region);
  if (at < 0) return;
  throw bad(`tensor ${quoted(name)} is BOOL but holds the byte ${region[at]}; need 0 or 1`, start + at);
}

function bad(problem: string, offset?: number, cause?: unknown): FileFormatError {
  return new FileFormatError("safetensors", { problem, offset, cause });
}
