import type { ImageSet } from "./images.ts";

/** Images that were read together, with what is known of each. */
export interface ImageCollection {
  /** What a person calls it: the folder's or the data set's name. */
  readonly name: string;
  readonly images: ImageSet;
  /** Path (or file and number) of each image, `[count]`. */
  readonly names: readonly string[];
  /** Place of each image's class in `classes`, `[count]`; -1 where it is not known. Null: no image has one. */
  readonly labels: Int32Array | null;
  /** Names of the classes; null without labels. */
  readonly classes: readonly string[] | null;
  /** What could not be used, in the order of the files. */
  readonly skipped: readonly Damage[];
}

/** A file, or an image of one, that was left out. */
export interface Damage {
  readonly file: string;
  /** In plain words, such as "the file is empty". */
  readonly problem: string;
}

export interface OpenedImages {
  readonly train: ImageCollection;
  /** Images to measure with, which training does not see; null where the source has none and none were held out. */
  readonly test: ImageCollection | null;
}

/** There is nothing to train on, or too much; the message says what to do. */
export class ImageDataError extends Error {
  override readonly name = "ImageDataError";
  /** What was found and could not be used. */
  readonly skipped: readonly Damage[];

  constructor(problem: string, skipped: readonly Damage[] = [], options?: { cause: unknown }) {
    super(problem, options);
    this.skipped = skipped;
  }
}

/** Some images of a collection, copied, in the order of `indices`. Damage stays with the whole. */
export function pickImages(from: ImageCollection, indices: readonly number[]): ImageCollection {
  const { height, width, channels, data } = from.images;
  const bytes = height * width * channels;
  const picked = new Uint8Array(indices.length * bytes);
  indices.forEach((index, at) => {
    picked.set(data.subarray(index * bytes, (index + 1) * bytes), at * bytes);
  });
  return {
    ...from,
    images: { ...from.images, count: indices.length, data: picked },
    names: indices.map((index) => from.names[index] as string),
    labels: from.labels && Int32Array.from(indices, (index) => (from.labels as Int32Array)[index] as number),
  };
}

/** Why something failed, without a stack. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
