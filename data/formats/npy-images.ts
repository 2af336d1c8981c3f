import { FileFormatError } from "../../engine/io/errors.ts";
import { toFloat32 } from "../../engine/io/half.ts";
import type { HostArray } from "../../engine/io/host-array.ts";
import { readNpy } from "../../engine/io/npy.ts";
import {
  channelsAreLast,
  type ImageRecords,
  type LabelList,
  type Layout,
  planesReader,
  sideOf,
  sliceReader,
} from "./records.ts";

/**
 * Images or labels from an array file of numpy. Images are `u8` from 0 to 255, or floats from 0 to 1 or 0 to 255, as
 * `[N, H, W]`, `[N, H, W, C]`, `[N, C, H, W]` or one `[H, W, C]`. With four axes `channelsAreLast` tells where the channels
 * are; three are one image if it has 1 or 3 channels, or fewer than rows and columns and up to four, or is a square of
 * fewer channels than rows. Where `layout` is said, three axes are one image `[H, W, C]` or `[C, H, W]`. Labels are whole
 * numbers `[N]`.
 *
 * @throws {FileFormatError} If it holds something else.
 */
export function readNpyImages(file: string, bytes: Uint8Array, layout: Layout): ImageRecords | LabelList {
  const array = readNpy(bytes);
  if (array.shape.length === 1) return { file, values: wholeNumbers(array) };
  const { count, height, width, channels, planar } = axesOf(array.shape, layout);
  if (count * height * width * channels === 0)
    throw bad(`it is ${array.shape.join(" x ")}: it holds no image`);
  const values = bytesOf(array);
  const imageBytes = height * width * channels;
  const shared = { file, side: sideOf(file), count, height, width, channels, labels: null, classes: null };
  const read = planar ? planesReader(values, imageBytes, channels) : sliceReader(values, imageBytes);
  return { ...shared, skipped: [], read };
}

interface Axes {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly planar: boolean;
}

const needs: Readonly<Record<Layout, string>> = {
  auto: "need [N, H, W], [N, H, W, C] or [N, C, H, W]",
  "channels-first": "with channels first, need [N, C, H, W] or one [C, H, W]",
  "channels-last": "with channels last, need [N, H, W, C] or one [H, W, C]",
};

function axesOf(shape: readonly number[], layout: Layout): Axes {
  if (shape.length !== 3 && shape.length !== 4) throw bad(`it is ${shape.join(" x ")}; ${needs[layout]}`);
  const isTold = layout === "auto" && shape.length === 3;
  if (isTold && !isOneImage(shape)) {
    const [count = 0, height = 0, width = 0] = shape;
    return { count, height, width, channels: 1, planar: false };
  }
  const [count = 0, a = 0, b = 0, c = 0] = shape.length === 4 ? shape : [1, ...shape];
  if (isTold || channelsAreLast([a, b, c], layout)) {
    return { count, height: a, width: b, channels: c, planar: false };
  }
  return { count, height: b, width: c, channels: a, planar: true };
}

/** Whether three axes are one image with its channels last, rather than grey ones. */
function isOneImage([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  return c === 1 || c === 3 || (c < a && c < b && (c <= 4 || a === b));
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
