import { FileFormatError } from "../../engine/io/errors.ts";
import { toFloat32 } from "../../engine/io/half.ts";
import type { HostArray } from "../../engine/io/host-array.ts";
import { readNpy } from "../../engine/io/npy.ts";
import {
  channelsAreLast,
  type ImageRecords,
  type LabelList,
  planesReader,
  sideOf,
  sliceReader,
} from "./records.ts";

/**
 * Images or labels from an array file of numpy. Images are `u8` from 0 to 255, or floats from 0 to 1 or 0 to 255, as
 * `[N, H, W]`, `[N, H, W, C]`, `[N, C, H, W]` or one `[H, W, C]`. With four axes `channelsAreLast` tells where the channels
 * are; three are one image if it has 1 or 3 channels, or fewer than rows and columns and up to four, or is a square of
 * fewer channels than rows. Labels are whole numbers `[N]`.
 *
 * @throws {FileFormatError} If it holds something else.
 */
export function readNpyImages(file: string, bytes: Uint8Array): ImageRecords | LabelList {
  const array = readNpy(bytes);
  if (array.shape.length === 1) return { file, values: wholeNumbers(array) };
  const { count, height, width, channels, planar } = layout(array.shape);
  if (count * height * width * channels === 0)
    throw bad(`it is ${array.shape.join(" x ")}: it holds no image`);
  const values = bytesOf(array);
  const imageBytes = height * width * channels;
  const shared = { file, side: sideOf(file), count, height, width, channels, labels: null, classes: null };
  const read = planar ? planesReader(values, imageBytes, channels) : sliceReader(values, imageBytes);
  return { ...shared, skipped: [], read };
}

interface Layout {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly planar: boolean;
}

function layout(shape: readonly number[]): Layout {
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  const planar = false;
  const isOne = c === 1 || c === 3 || (c < a && c < b && (c <= 4 || a === b));
  if (shape.length === 3 && isOne) return { count: 1, height: a, width: b, channels: c, planar };
  if (shape.length === 3) return { count: a, height: b, width: c, channels: 1, planar };
  if (shape.length !== 4)
    throw bad(`it is ${shape.join(" x ")}; need [N, H, W], [N, H, W, C] or [N, C, H, W]`);
  if (channelsAreLast(b, c, d)) return { count: a, height: b, width: c, channels: d, planar };
  return { count: a, height: c, width: d, channels: b, planar: true };
}

/** Floats that never pass 1 are shares of white; others count to 255. */
function bytesOf(array: HostArray): Uint8Array {
  if (array.dtype === "u8") return array.data as Uint8Array;
  if (!["f16", "f32", "f64"].includes(array.dtype)) {
    throw bad(`its numbers are ${array.dtype}; need u8, or floats from 0 to 1 or 0 to 255`);
  }
  const values = toFloat32(array);
  let most = 0;
  for (const value of values) {
    if (!(value >= 0 && value <= 255)) throw bad(`it holds ${value}; need numbers from 0 to 1 or 0 to 255`);
    most = Math.max(most, value);
  }
  const scale = most <= 1 ? 255 : 1;
  return Uint8Array.from(values, (value) => Math.round(value * scale));
}

function wholeNumbers({ data, dtype }: HostArray): Int32Array {
  const values = Array.from(data as ArrayLike<number | bigint>, Number);
  if (
    dtype === "f16" ||
    !values.every((value) => Number.isInteger(value) && value >= -1 && value < 2 ** 31)
  ) {
    throw bad("it has one axis, but its numbers are no labels: need whole ones from 0 on");
  }
  return Int32Array.from(values);
}

const bad = (problem: string) => new FileFormatError("npy", { problem });
