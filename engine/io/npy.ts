import { FileFormatError } from "./errors.ts";
import type { HostArray, HostData, HostDType } from "./host-array.ts";
import {
  checkHostArray,
  elementCount,
  elementsOf,
  firstNonBool,
  itemSize,
  littleEndianBytes,
  shapeText,
} from "./host-array.ts";
import type { PythonValue } from "./python-literal.ts";
import { parsePythonLiteral, pythonText } from "./python-literal.ts";

const NUMPY_CODES = {
  b1: "bool",
  u1: "u8",
  i1: "i8",
  i2: "i16",
  u2: "u16",
  f2: "f16",
  i4: "i32",
  u4: "u32",
  f4: "f32",
  f8: "f64",
  i8: "i64",
  u8: "u64",
} as const satisfies Record<string, HostDType>;
type NumpyCode = keyof typeof NUMPY_CODES;
const numpyCodes = Object.keys(NUMPY_CODES) as readonly NumpyCode[];

const OTHER_KINDS: Readonly<Record<string, string>> = {
  c: "complex numbers",
  O: "Python objects",
  S: "byte strings",
  a: "byte strings",
  U: "strings",
  V: "raw bytes",
  M: "dates",
  m: "time spans",
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const MAGIC_TEXT = "\\x93NUMPY";
const ALIGNMENT = 64;
const MAX_RANK = 64; // numpy's own
const LENGTH_DIGITS = 21; // numpy leaves room to write a longer first axis in place

interface Layout {
  readonly dtype: HostDType;
  readonly littleEndian: boolean;
  readonly columnMajor: boolean;
  readonly shape: readonly number[];
}

/**
 * Reads an array file of numpy (`numpy.save`), format version 1.0, 2.0 or 3.0.
 *
 * @param bytes The file. It may start anywhere in its buffer.
 * @returns The array in row-major order, whatever order the file has. Its data shares memory with `bytes`
 *   where the file is little-endian, row-major and aligned, and is a copy where not.
 * @throws {FileFormatError} If the file is damaged or has bytes left over, or if its elements are not b1, i1
 *   to i8, u1 to u8, f2, f4 or f8 (so for structured dtypes, strings, objects and complex numbers).
 *
 * @example
 *   const { dtype, shape, data } = readNpy(new Uint8Array(await file.arrayBuffer()));
 *
 * Source: engine/io/npy.ts. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function readNpy(bytes: Uint8Array): HostArray {
  const { text, textStart, dataStart } = readHeader(bytes);
  const { dtype, littleEndian, columnMajor, shape } = readLayout(text, textStart);
  const region = bytes.subarray(dataStart);
  const needed = elementCount([...shape, itemSize(dtype)]);
  if (needed !== region.length) {
    const needs = needed ?? "more than 2^53";
    const more = needed !== undefined && needed < region.length;
    const offset = more ? dataStart + needed : bytes.length;
    throw bad(`the data has ${region.length} bytes, but ${dtype}${shapeText(shape)} needs ${needs}`, offset);
  }
  if (dtype === "bool") {
    const at = firstNonBool(region);
    if (at >= 0) throw bad(`a bool has the byte ${region[at]}; need 0 or 1`, dataStart + at);
  }
  const data = elementsOf(region, dtype, littleEndian);
  return { dtype, shape, data: columnMajor ? toRowMajor(data, shape) : data };
}

function readHeader(bytes: Uint8Array): { text: string; textStart: number; dataStart: number } {
  if (bytes.length < MAGIC.length + 2 || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw bad(`the file does not start with ${MAGIC_TEXT} and a version`, 0);
  }
  const [major, minor] = bytes.subarray(MAGIC.length);
  if (minor !== 0 || major === undefined || major < 1 || major > 3) {
    throw bad(`version ${major}.${minor}; need 1.0, 2.0 or 3.0`, MAGIC.length);
  }
  const lengthStart = MAGIC.length + 2;
  const textStart = lengthStart + (major === 1 ? 2 : 4);
  if (bytes.length < textStart) throw bad("the file ends inside the header's length", bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(lengthStart, true) : view.getUint32(lengthStart, true);
  const dataStart = textStart + length;
  if (dataStart > bytes.length) {
    const present = bytes.length - textStart;
    throw bad(`the header is said to have ${length} bytes, but only ${present} follow`, lengthStart);
  }
  const textBytes = bytes.slice(textStart, dataStart);
  try {
    // Versions 1 and 2 say latin-1; what is accepted here is ASCII but for the names of structured dtypes.
    const encoding = major === 3 ? "utf-8" : "latin1";
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(textBytes);
    return { text, textStart, dataStart };
  } catch (cause) {
    throw bad("the header is not UTF-8", textStart, cause);
  }
}

function readLayout(text: string, textStart: number): Layout {
  const header = parsePythonLiteral(text, "npy", textStart);
  if (!(header instanceof Map)) throw bad(`the header is ${pythonText(header)}; need a dict`, textStart);
  const fields = header as ReadonlyMap<string, PythonValue>;
  const keys = [...fields.keys()].sort().join(", ");
  if (keys !== "descr, fortran_order, shape") {
    throw bad(`the header has the keys ${pythonText(keys)}; need descr, fortran_order, shape`, textStart);
  }

  const columnMajor = fields.get("fortran_order");
  if (typeof columnMajor !== "boolean") {
    throw bad(`fortran_order is ${pythonText(columnMajor)}; need True or False`, textStart);
  }
  const shape = fields.get("shape");
  const sizes =
    typeof shape === "object" && shape && "kind" in shape && shape.kind === "tuple" ? shape.items : [-1];
  if (!sizes.every((size): size is number => Number.isSafeInteger(size) && (size as number) >= 0)) {
    throw bad(`shape is ${pythonText(shape)}; need a tuple of integers, 0 to 2^53 - 1`, textStart);
  }
  if (sizes.length > MAX_RANK) {
    throw bad(`shape has ${sizes.length} axes; need at most ${MAX_RANK}`, textStart);
  }
  return { ...readDescr(fields.get("descr"), textStart), columnMajor, shape: sizes };
}

function readDescr(
  descr: PythonValue | undefined,
  textStart: number,
): Pick<Layout, "dtype" | "littleEndian"> {
  if (typeof descr !== "string") {
    throw bad("the dtype is structured (descr is no string); need one plain number type", textStart);
  }
  const order = descr[0];
  const code = descr.slice(1);
  if (!Object.hasOwn(NUMPY_CODES, code)) {
    const kind = OTHER_KINDS[code[0] ?? ""];
    const why = kind === undefined ? "" : ` (${kind})`;
    throw bad(`the dtype is ${pythonText(descr)}${why}; need one of ${numpyCodes.join(", ")}`, textStart);
  }
  const dtype = NUMPY_CODES[code as NumpyCode];
  if (order !== "<" && order !== ">" && !(order === "|" && itemSize(dtype) === 1)) {
    throw bad(`the dtype ${pythonText(descr)} does not say its byte order; need < or >`, textStart);
  }
  return { dtype, littleEndian: order !== ">" };
}

/** Elements stored first axis fastest, put in the order last axis fastest. */
function toRowMajor(source: HostData, shape: readonly number[]): HostData {
  if (shape.length < 2 || source.length < 2) return source;
  const strides: number[] = []; // in the source
  let stride = 1;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  const result = source.slice();
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = source[from] as never; // same array type on both sides
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] as number) + 1;
      const size = shape[axis] as number;
      from += strides[axis] as number;
      if (next < size) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
      from -= size * (strides[axis] as number);
    }
  }
  return result;
}

function bad(problem: string, offset: number, cause?: unknown): FileFormatError {
  return new FileFormatError("npy", { problem, offset, cause });
}

/**
 * Writes an array file for numpy (`numpy.load`): version 1.0, little-endian, row-major; the same bytes as
 * `numpy.save`.
 *
 * @param array Any dtype but `bf16`, for which numpy has no name.
 * @returns The file; its data starts at a multiple of 64 bytes.
 * @throws {TypeError} If dtype, shape and data do not belong together, or the dtype is `bf16`.
 * @throws {RangeError} If there are more than 64 axes: numpy has no such arrays.
 *
 * @example
 *   const bytes = writeNpy({ dtype: "f32", shape: [2, 3], data: new Float32Array(6) });
 *
 * Source: engine/io/npy.ts. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function writeNpy(array: HostArray): Uint8Array<ArrayBuffer> {
  checkHostArray("writeNpy", array);
  const { dtype, shape, data } = array;
  const code = numpyCodes.find((candidate) => NUMPY_CODES[candidate] === dtype);
  if (code === undefined) {
    throw new TypeError(
      `writeNpy: numpy has no dtype ${dtype}; try fromFloat32(toFloat32(array), shape, "f32")`,
    );
  }
  if (shape.length > MAX_RANK) {
    throw new RangeError(`writeNpy: ${shape.length} axes; numpy has at most ${MAX_RANK}`);
  }
  const order = itemSize(dtype) === 1 ? "|" : "<";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const room = shape.length === 0 ? 0 : LENGTH_DIGITS - String(shape[0]).length;
  const dict = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${tuple}, }${" ".repeat(room)}`;

  const prefix = MAGIC.length + 4;
  const dataStart = (Math.floor((prefix + dict.length + 1) / ALIGNMENT) + 1) * ALIGNMENT;
  const file = new Uint8Array(dataStart + data.byteLength);
  file.set([...MAGIC, 1, 0]);
  new DataView(file.buffer).setUint16(prefix - 2, dataStart - prefix, true);
  file.set(new TextEncoder().encode(`${dict.padEnd(dataStart - prefix - 1)}\n`), prefix);
  file.set(littleEndianBytes(data), dataStart);
  return file;
}
