import { FileFormatError } from "../../engine/io/errors.ts";
import type { Damage } from "../collection.ts";
import {
  channelsAreLast,
  type ImageRecords,
  type LabelList,
  type Layout,
  planesReader,
  sideOf,
  sliceReader,
} from "./records.ts";

const OTHER_TYPES: Readonly<Record<number, string>> = {
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};
const UNSIGNED_BYTES = 8;

/** Whether bytes start like an IDX file: two zeros, a type, a number of axes. */
export function looksLikeIdx(head: Uint8Array): boolean {
  const [first, second, type = 0, axes = 0] = head;
  const known = type === UNSIGNED_BYTES || type in OTHER_TYPES;
  return first === 0 && second === 0 && known && axes >= 1 && axes <= 4 && head.length >= 4 + 4 * axes;
}

/**
 * Reads an IDX file, the format of MNIST: images with 3 axes (grey) or 4 (channels first or last), labels with 1.
 *
 * @param layout Where the channels of images with 4 axes are.
 *
 * A file that ends early gives the images that are whole, and one line of damage.
 *
 * @throws {FileFormatError} If it holds something else.
 *
 * Source: data/formats/idx.ts. Format: described with MNIST, LeCun, Cortes and Burges 1998.
 */
export function readIdx(file: string, bytes: Uint8Array, layout: Layout): ImageRecords | LabelList {
  if (!looksLikeIdx(bytes)) throw bad("the file does not start like an IDX file", 0);
  const [, , type = 0, axes = 0] = bytes;
  if (type !== UNSIGNED_BYTES) throw bad(`it holds ${OTHER_TYPES[type]}; need unsigned bytes (type 8)`, 2);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sizes = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const content = bytes.subarray(4 + 4 * axes);
  if (axes === 2) throw bad("it has 2 axes; need 1 for labels, 3 or 4 for images", 3);
  const { count, skipped } = wholeItems(file, content.length, sizes);
  if (axes === 1) return { file, values: Int32Array.from(content.subarray(0, count)) };
  const [, height, width, channels, planar] = axesOf(sizes, layout);
  const imageBytes = height * width * channels;
  const used = content.subarray(0, count * imageBytes);
  const read = planar ? planesReader(used, imageBytes, channels) : sliceReader(used, imageBytes);
  const side = sideOf(file);
  return { file, side, count, height, width, channels, labels: null, classes: null, skipped, read };
}

/** Items that are there in full, and what is wrong where that is not what the header says. */
function wholeItems(
  file: string,
  present: number,
  sizes: readonly number[],
): { count: number; skipped: Damage[] } {
  const [said = 0, ...rest] = sizes;
  const itemBytes = rest.reduce((product, size) => product * size, 1);
  if (said === 0 || itemBytes === 0)
    throw bad(`it is said to be ${sizes.join(" x ")}: there is nothing in it`);
  const count = Math.min(said, Math.floor(present / itemBytes));
  if (count === 0) throw bad(`it ends within the first of ${said} items`);
  const extra = present - said * itemBytes;
  const problem =
    extra < 0
      ? `the file ends early: ${count} of ${said} items are whole`
      : `the file has ${extra} bytes more than its header says`;
  return { count, skipped: extra === 0 ? [] : [{ file, problem }] };
}

function axesOf(
  sizes: readonly number[],
  layout: Layout,
): readonly [number, number, number, number, boolean] {
  const [count = 0, a = 0, b = 0, c = 1] = sizes;
  if (sizes.length === 3) return [count, a, b, 1, false];
  return channelsAreLast([a, b, c], layout) ? [count, a, b, c, false] : [count, b, c, a, true];
}

const bad = (problem: string, offset?: number) => new FileFormatError("idx", { problem, offset });
