import type { Damage } from "../collection.ts";

export type Side = "train" | "test";

/** Images of one size that lie in a file one after the other, not decoded by anybody. */
export interface ImageRecords {
  readonly file: string;
  /** Of each image, where they have names of their own; else it is the file's name and a number. */
  readonly names?: readonly string[];
  /** Which side of the split the file's name speaks of. */
  readonly side: Side | null;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Grey or red, green and blue, behind which there may be the opacity; or five and more of any meaning. */
  readonly channels: number;
  /** `[count]`; -1 where it is not known. */
  readonly labels: Int32Array | null;
  readonly classes: readonly string[] | null;
  readonly skipped: readonly Damage[];
  /** `[to - from, height, width, channels]` */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** Labels in a file of their own. */
export interface LabelList {
  readonly file: string;
  readonly values: Int32Array;
}

/** The side that a path speaks of: "train-images.gz", "t10k-labels", "x_test.npy", "val/cat/1.png". */
export function sideOf(path: string): Side | null {
  const words = path.toLowerCase().split(/[^a-z0-9]+|(?<=[a-z])(?=\d)/);
  if (words.some((word) => /^(test|testing|t|val|valid|validation)$/.test(word))) return "test";
  return words.some((word) => /^(train|training|data)$/.test(word)) ? "train" : null;
}

/** Reads `[count, planes, height, width]` as `[count, height, width, planes]`. */
export function interleave(from: Uint8Array, planes: number): Uint8Array {
  const pixels = from.length / planes;
  const result = new Uint8Array(from.length);
  for (let plane = 0; plane < planes; plane++) {
    for (let at = 0; at < pixels; at++) result[at * planes + plane] = from[plane * pixels + at] as number;
  }
  return result;
}

/** Which axis of an array's images holds the channels, as somebody says; or "auto": its sizes tell. */
export type Layout = "auto" | "channels-first" | "channels-last";

/**
 * Whether the last of an image's three axes holds the channels rather than the first. Where nobody says, it is the one of
 * 1 or 3, or one more with the opacity; of larger numbers the one beside which the other two are a square, or else the
 * smaller one.
 */
export function channelsAreLast(
  [first, middle, last]: readonly [number, number, number],
  layout: Layout,
): boolean {
  if (layout !== "auto") return layout === "channels-last";
  for (const counts of [
    [1, 3],
    [2, 4],
  ]) {
    if (counts.includes(last)) return true;
    if (counts.includes(first)) return false;
  }
  if (first === middle) return true;
  return middle !== last && last <= first;
}

/** Whole images of a buffer that holds all of them. */
export function sliceReader(data: Uint8Array, imageBytes: number): ImageRecords["read"] {
  return async (from, to) => data.subarray(from * imageBytes, to * imageBytes);
}

/** The same of images plane by plane. */
export function planesReader(data: Uint8Array, imageBytes: number, planes: number): ImageRecords["read"] {
  return async (from, to) => {
    const images = data.slice(from * imageBytes, to * imageBytes);
    for (let at = 0; at < images.length; at += imageBytes) {
      images.set(interleave(images.subarray(at, at + imageBytes), planes), at);
    }
    return images;
  };
}
