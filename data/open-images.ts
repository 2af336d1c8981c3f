import { type Damage, type ImageCollection, ImageDataError, type OpenedImages } from "./collection.ts";
import type { Fit, Target } from "./decode/fit.ts";
import type { FileReader } from "./files.ts";
import type { CifarLabels } from "./formats/cifar.ts";
import type { Layout } from "./formats/records.ts";
import { findRecords } from "./source/arrays.ts";
import type { Candidates, Found, Watch } from "./source/candidates.ts";
import { withChannels } from "./source/channels.ts";
import { chooseShare } from "./source/choose.ts";
import { type GivenFile, givenFiles, type InputFile } from "./source/input-file.ts";
import { emojiRecords, fashionClasses, fashionFiles } from "./source/known-sets.ts";
import { localFiles } from "./source/local-files.ts";
import { findPictures } from "./source/pictures.ts";
import { sortWithArchives } from "./source/sort-archives.ts";
import type { SortedFiles } from "./source/sort-files.ts";

export interface OpenOptions {
  /**
   * Rows and columns of the images, or one number for both. Default: the images' own where they are of one size in
   * one file; for pictures the median shorter side, at most 96, for both.
   */
  readonly size?: number | readonly [height: number, width: number] | undefined;
  /**
   * 1 for grey, 3 for colours, which images of 1 to 4 channels become (2 and 4: over the background); or exactly as many
   * as arrays have, which are then taken as they are. What has others is left out and listed. Default "auto": of arrays
   * of 5 and more channels all of them, else 1 where no image has colours, and 3 where one has; where there are arrays of
   * several such counts, what most of the images have.
   */
  readonly channels?: "auto" | number | undefined;
  /**
   * Which axis of arrays holds the channels. Default "auto": their sizes tell. Where it is said, an npy file of three axes is
   * one image, `[C, H, W]` or `[H, W, C]`; IDX files of three are grey images. Pictures, CIFAR and STL-10 have no choice.
   */
  readonly layout?: Layout | undefined;
  /** Of another shape than `size`: show the middle (default "cover"), or all of it ("stretch"). */
  readonly fit?: Fit | undefined;
  /** Red, green and blue, 0 to 255, behind what is not opaque. Default white. */
  readonly background?: readonly [number, number, number] | undefined;
  /** Load at most so many images for training, and so many to measure with: a choice by `seed`, of each class alike. */
  readonly limit?: number | undefined;
  /** Share of the images, 0 to 1, to measure with, where the source has no split of its own. Default 0. */
  readonly holdOut?: number | undefined;
  /** Of the choice of what is held out and loaded. Default 0. */
  readonly seed?: number | undefined;
  /** Of CIFAR-100: its 100 classes, or the 20 that papers call CIFAR20. Default "fine". */
  readonly labels?: CifarLabels | undefined;
  /** Bytes that the images may have in memory. Default 2 GiB. */
  readonly memory?: number | undefined;
  readonly onProgress?: ((progress: OpenProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads the folder of the bundled emoji where it does not lie beside this module. */
  readonly emoji?: FileReader | undefined;
}

export interface OpenProgress {
  /** Images that were loaded or skipped. */
  readonly done: number;
  readonly total: number;
}

const DEFAULT_MEMORY = 2 ** 31;
const layouts: readonly Layout[] = ["auto", "channels-first", "channels-last"];

/**
 * Opens a source of images, whatever it is: what cannot be used is left out and listed, and the rest is one set.
 *
 * Formats are told by content, not by name: folders of pictures, IDX (MNIST), CIFAR-10 and CIFAR-100 binaries, STL-10
 * binaries, arrays of numpy, and zip, tar and gzip files of these. In a folder of pictures, "train" and "test" (or "val") at the top are the split, and the
 * folders below (or at the top) are the classes; both may be missing. Files are taken in the order of their paths.
 *
 * Arrays are `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]` with any number C of channels, of which 2 and 4 are grey and
 * colours with opacity, unless `channels` says otherwise; where C lies is told by the sizes, unless `layout` says it.
 *
 * @param source A path, "emoji" (the bundled set), "fashion-mnist" (Debian's package), or files as a page gets them.
 * @throws {ImageDataError} If there is no usable image, or the images do not fit into the memory.
 *
 * Memory: the images, one byte a number, and one picture at a time while decoding.
 *
 * @example
 *   const { train, test } = await openImages("photos/", { size: 64, holdOut: 0.1 });
 *   for (const { file, problem } of train.skipped) console.warn(`${file}: ${problem}`);
 *
 * Source: data/open-images.ts.
 */
export async function openImages(
  source: string | URL | readonly GivenFile[],
  options: OpenOptions = {},
): Promise<OpenedImages> {
  const watch = watchOf(options);
  watch.check();
  const { name, found } = await find(source, options, watch);
  const sides = chooseSides(found, options);
  const target = targetOf(found, options);
  const total = sides.train.places.length + (sides.test?.places.length ?? 0);
  checkMemory(total, target, options.memory ?? DEFAULT_MEMORY);
  watch.start(total);
  const load = async (side: Side, skipped: readonly Damage[]): Promise<ImageCollection> => {
    const { from, places } = side;
    const loaded = await from.load(places, target, watch);
    const { height, width, channels } = target;
    return {
      name,
      images: { count: loaded.kept.length, height, width, channels, data: loaded.data },
      names: loaded.kept.map((place) => from.names[place] as string),
      labels: from.labels && Int32Array.from(loaded.kept, (place) => from.labels?.[place] as number),
      classes: found.classes,
      skipped: [...skipped, ...loaded.skipped].sort(byFile),
    };
  };
  const train = await load(sides.train, found.skipped);
  const test = sides.test && (await load(sides.test, []));
  if (train.images.count === 0) throw nothingUsable(name, [...train.skipped, ...(test?.skipped ?? [])]);
  return { train, test: test && test.images.count > 0 ? test : null };
}

interface Side {
  readonly from: Candidates;
  readonly places: readonly number[];
}

const byFile = (a: Damage, b: Damage): number => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0);

async function find(
  source: string | URL | readonly GivenFile[],
  options: OpenOptions,
  watch: Watch,
): Promise<{ name: string; found: Found }> {
  if (source === "emoji") {
    const sorted = { pictures: [], records: await emojiRecords(options.emoji), labels: [] };
    return await findSorted("emoji", sorted, [], options, watch);
  }
  if (source === "fashion-mnist") {
    const { found } = await findInFiles("fashion-mnist", await fashionFiles(), options, watch);
    return { name: "fashion-mnist", found: { ...found, classes: fashionClasses } };
  }
  if (typeof source === "string" || source instanceof URL) {
    return await findInFiles(nameOf(String(source)), await localFiles(source), options, watch);
  }
  const files = (await givenFiles(source)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const top = files[0]?.name.split("/")[0] ?? "images";
  const shared = files.every(({ name }) => name === top || name.startsWith(`${top}/`));
  return await findInFiles(shared ? nameOf(top) : "images", { files, skipped: [] }, options, watch);
}

/** The last part of a path, without the ending of an archive. */
function nameOf(path: string): string {
  const last = path
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1);
  return last?.replace(/\.(zip|tar|tgz|gz|tar\.gz)$/i, "") || "images";
}

async function findInFiles(
  name: string,
  { files, skipped }: { files: readonly InputFile[]; skipped: readonly Damage[] },
  options: OpenOptions,
  watch: Watch,
): Promise<{ name: string; found: Found }> {
  const { labels = "fine", layout = "auto" } = options;
  if (!layouts.includes(layout)) {
    throw new RangeError(
      `openImages: layout is "${layout}"; need ${layouts.map((one) => `"${one}"`).join(", ")}`,
    );
  }
  const sorted = await sortWithArchives(files, { labels, layout }, watch);
  return await findSorted(name, sorted, [...skipped, ...sorted.skipped], options, watch);
}

async function findSorted(
  name: string,
  sorted: Pick<SortedFiles, "pictures" | "records" | "labels"> & { readonly others?: number },
  skipped: readonly Damage[],
  { channels = "auto", layout = "auto" }: OpenOptions,
  watch: Watch,
): Promise<{ name: string; found: Found }> {
  if (channels !== "auto" && !(Number.isInteger(channels) && channels >= 1)) {
    throw new RangeError(`openImages: channels is ${channels}; need a whole number from 1 on, or "auto"`);
  }
  const { pictures, records, skipped: others } = withChannels(sorted, channels, layout);
  const before = [...skipped, ...others];
  if (pictures.length === 0 && records.length === 0) {
    throw nothingUsable(name, before, channels, sorted.others);
  }
  try {
    const found =
      pictures.length > 0 ? await findPictures(pictures, watch) : findRecords(records, sorted.labels);
    return { name, found: { ...found, skipped: [...before, ...found.skipped] } };
  } catch (error) {
    if (!(error instanceof ImageDataError)) throw error;
    throw nothingUsable(name, [...before, ...error.skipped], channels);
  }
}

/** How many reasons a message gives before it only counts. */
const SHOWN = 3;

function nothingUsable(
  name: string,
  skipped: readonly Damage[],
  channels: "auto" | number = "auto",
  others = 0,
): ImageDataError {
  const shown = skipped.slice(0, SHOWN).map(({ file, problem }) => `${file}: ${problem}`);
  const more = skipped.length > SHOWN ? [`and ${skipped.length - SHOWN} more`] : [];
  const rest = others > 0 ? [`${others} ${others === 1 ? "file holds" : "files hold"} something else`] : [];
  const reasons = [...shown, ...more, ...rest];
  const why = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
  const need =
    channels === "auto" || channels === 1 || channels === 3
      ? "need PNG, JPEG, GIF, BMP or WebP pictures, or IDX, CIFAR, STL-10 or npy files"
      : `need IDX or npy files of ${channels} channels`;
  return new ImageDataError(`${name}: there is no usable image${why}; ${need}`, skipped);
}

function chooseSides(found: Found, options: OpenOptions): { train: Side; test: Side | null } {
  const { limit = Number.POSITIVE_INFINITY, holdOut = 0, seed = 0 } = options;
  if (!(limit >= 1)) throw new RangeError(`openImages: limit is ${limit}; need 1 or more`);
  if (!(holdOut >= 0 && holdOut < 1))
    throw new RangeError(`openImages: holdOut is ${holdOut}; need a share from 0 to below 1`);
  const labelsOf = ({ names, labels }: Candidates) => labels ?? new Int32Array(names.length);
  const limited = (from: Candidates, places: readonly number[]): Side => {
    if (places.length <= limit) return { from, places };
    const labels = labelsOf(from);
    const some = places.map((place) => labels[place] as number);
    const { chosen } = chooseShare(some, Math.floor(limit) / places.length, seed + 1);
    return { from, places: chosen.map((at) => places[at] as number) };
  };
  const all = ({ names }: Candidates) => Array.from(names, (_, i) => i);
  if (found.test || holdOut === 0) {
    const { train, test } = found;
    return { train: limited(train, all(train)), test: test && limited(test, all(test)) };
  }
  const { chosen, others } = chooseShare(labelsOf(found.train), holdOut, seed);
  return { train: limited(found.train, others), test: limited(found.train, chosen) };
}

function targetOf(found: Found, options: OpenOptions): Target {
  const { size, channels = "auto", fit = "cover", background = [255, 255, 255] } = options;
  const [height, width] =
    size === undefined ? [found.height, found.width] : typeof size === "number" ? [size, size] : size;
  for (const side of [height, width]) {
    if (!Number.isInteger(side) || side < 1) {
      throw new RangeError(`openImages: size is ${height} x ${width}; need whole numbers from 1 on`);
    }
  }
  return { height, width, channels: channels === "auto" ? found.channels : channels, fit, background };
}

function checkMemory(count: number, { height, width, channels }: Target, memory: number): void {
  const bytes = count * height * width * channels;
  if (bytes <= memory) return;
  const gib = (x: number) => `${(x / 2 ** 30).toPrecision(3)} GiB`;
  const fits = Math.floor(memory / (height * width * channels));
  const side = Math.max(1, Math.floor(Math.sqrt(memory / (count * channels))));
  const fewer = fits > 0 ? `fewer (a limit of ${fits}) or ` : "";
  throw new ImageDataError(
    `${count} images of ${height} x ${width} x ${channels} need ${gib(bytes)} of memory, more than the ${gib(memory)} that they may take; ` +
      `load ${fewer}smaller ones (a size of ${side})`,
  );
}

/** Steps between two words of progress. */
const STEPS_OF_PROGRESS = 32;

function watchOf({ onProgress, signal }: OpenOptions): Watch & { start(total: number): void } {
  let [done, total] = [0, 0];
  return {
    start(images) {
      total = images;
      onProgress?.({ done, total });
    },
    step() {
      done++;
      if (done % STEPS_OF_PROGRESS === 0 || done === total) onProgress?.({ done, total });
    },
    check: () => signal?.throwIfAborted(),
  };
}
