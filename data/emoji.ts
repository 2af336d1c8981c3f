import { FileFormatError } from "../engine/io/errors.ts";
import type { RgbaImage } from "./png.ts";
import { decodePng } from "./png.ts";

export const emojiVendors = ["noto", "twemoji"] as const;
export type EmojiVendor = (typeof emojiVendors)[number];

/** Height and width of a drawing. */
export const emojiSize = 32;
const CHANNELS = 3;
const DRAWING_BYTES = emojiSize * emojiSize * CHANNELS;
const HELD_OUT_EVERY = 5;

export interface EmojiItem {
  /** Place in the pack; the split goes by it. */
  readonly index: number;
  /** The emoji itself, as text. */
  readonly emoji: string;
  /** Unicode code points in hexadecimal, such as "1F636-200D-1F32B-FE0F". */
  readonly code: string;
  readonly name: string;
  /** One of the 8 of `EmojiPack.categories`. */
  readonly category: string;
  readonly subcategory: string;
}

export interface EmojiPack {
  readonly count: number;
  /** `[count, 32, 32, 3]`, RGB over white, for each vendor in the same order. */
  readonly images: Readonly<Record<EmojiVendor, Uint8Array>>;
  readonly items: readonly EmojiItem[];
  readonly categories: readonly string[];
  /** Place of each item's category in `categories`, `[count]`: a label to measure with. */
  readonly labels: Uint8Array;
}

/** Indices of emoji, ascending. */
export interface EmojiSplit {
  readonly train: readonly number[];
  readonly heldOut: readonly number[];
}

/** Drawings picked from a pack, with what each is. */
export interface EmojiImages {
  readonly count: number;
  /** `[count, 32, 32, 3]`, 0 to 255. */
  readonly data: Uint8Array;
  /** Index of the emoji of each drawing. */
  readonly indices: readonly number[];
  readonly vendors: readonly EmojiVendor[];
}

/**
 * Loads the bundled emoji: 1,636 emoji, each drawn by two vendors, as 32 x 32 RGB over white.
 *
 * The drawings are Google's Noto Emoji (Apache License 2.0) and Twemoji (CC BY 4.0):
 * data/emoji/ATTRIBUTION.md must stay with any copy.
 *
 * @param options.read Gives the bytes of `index.json`, `noto.png` and `twemoji.png`; `fileReader` makes such
 *   a function from the address of the folder.
 * @throws {FileFormatError} If a file is damaged or the three do not belong together.
 *
 * Memory: 10 MB for the images; up to 20 MB more while decoding.
 *
 * @example
 *   const pack = await loadEmoji({ read: fileReader(new URL("../data/emoji/", import.meta.url)) });
 *   const { train } = emojiSplit(pack);
 *   const { data, count } = emojiImages(pack, train); // 2,616 drawings
 *
 * Source: data/emoji.ts; tools/make-emoji.mjs makes the files.
 */
export async function loadEmoji(options: {
  read: (name: string) => Promise<Uint8Array>;
}): Promise<EmojiPack> {
  const { columns, items, categories } = readIndex(await options.read("index.json"));
  const load = async (vendor: EmojiVendor): Promise<Uint8Array> => {
    const file = `${vendor}.png`;
    return cutSheet(file, await decodePng(await options.read(file)), items.length, columns);
  };
  const noto = await load("noto"); // one after the other: a decoded sheet is large
  const twemoji = await load("twemoji");
  const labels = Uint8Array.from(items, ({ category }) => categories.indexOf(category));
  return { count: items.length, images: { noto, twemoji }, items, categories, labels };
}

/**
 * The split that the published numbers use: emoji whose index is a multiple of 5 are held out (328 of 1,636),
 * the others are for training. Both vendors' drawings of an emoji fall on the same side.
 *
 * Source: data/emoji.ts.
 */
export function emojiSplit(pack: Pick<EmojiPack, "count">): EmojiSplit {
  const all = Array.from({ length: pack.count }, (_, index) => index);
  return {
    train: all.filter((index) => index % HELD_OUT_EVERY !== 0),
    heldOut: all.filter((index) => index % HELD_OUT_EVERY === 0),
  };
}

/**
 * Drawings of some emoji, copied together: all of the first vendor in the order of `indices`, then all of the
 * next.
 *
 * @param pack What `loadEmoji` gave.
 * @param indices Which emoji, such as a side of `emojiSplit`.
 * @param options.vendors Whose drawings. Default: both, "noto" first.
 * @throws {RangeError} If an index is not in the pack.
 *
 * @example
 *   const gallery = emojiImages(pack, emojiSplit(pack).heldOut, { vendors: ["noto"] });
 *
 * Source: data/emoji.ts.
 */
export function emojiImages(
  pack: EmojiPack,
  indices: readonly number[],
  options: { vendors?: readonly EmojiVendor[] } = {},
): EmojiImages {
  const wrong = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= pack.count);
  if (wrong !== undefined) {
    throw new RangeError(`emojiImages: there is no emoji ${wrong}; need 0 to ${pack.count - 1}`);
  }
  const { vendors = emojiVendors } = options;
  const picked = vendors.flatMap((vendor) => indices.map((index) => ({ vendor, index })));
  const data = new Uint8Array(picked.length * DRAWING_BYTES);
  picked.forEach(({ vendor, index }, at) => {
    const start = index * DRAWING_BYTES;
    data.set(pack.images[vendor].subarray(start, start + DRAWING_BYTES), at * DRAWING_BYTES);
  });
  return {
    count: picked.length,
    data,
    indices: picked.map(({ index }) => index),
    vendors: picked.map(({ vendor }) => vendor),
  };
}

/** What tools/make-emoji.mjs writes; an item is code, name, and places in the two lists. */
interface EmojiIndex {
  readonly size: number;
  readonly columns: number;
  readonly categories: readonly string[];
  readonly subcategories: readonly string[];
  readonly items: readonly (readonly [code: string, name: string, category: number, subcategory: number])[];
}

function readIndex(bytes: Uint8Array): Pick<EmojiPack, "items" | "categories"> & { columns: number } {
  let index: EmojiIndex;
  try {
    index = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as EmojiIndex;
    const { size, columns, categories, subcategories } = index;
    if (size !== emojiSize) throw new Error(`drawings are ${size} wide; need ${emojiSize}`);
    if (!Number.isInteger(columns) || columns < 1) throw new Error(`columns is ${columns}`);
    const items = index.items.map(([code, name, category, subcategory], at): EmojiItem => {
      const [categoryName, subcategoryName] = [categories[category], subcategories[subcategory]];
      if (categoryName === undefined || subcategoryName === undefined) {
        throw new Error(`item ${at} (${code}) has a category that is not listed`);
      }
      const emoji = String.fromCodePoint(...code.split("-").map((point) => Number.parseInt(point, 16)));
      return { index: at, emoji, code, name, category: categoryName, subcategory: subcategoryName };
    });
    return { columns, items, categories };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FileFormatError("emoji", { problem: `index.json is not an emoji index: ${why}`, cause });
  }
}

/** The cells of a sheet, left to right and top to bottom, one after the other without their opacity. */
function cutSheet(file: string, sheet: RgbaImage, count: number, columns: number): Uint8Array {
  const width = columns * emojiSize;
  const height = Math.ceil(count / columns) * emojiSize;
  if (sheet.width !== width || sheet.height !== height) {
    const size = `${sheet.width} x ${sheet.height}`;
    const problem = `${file} is ${size}; ${count} drawings need ${width} x ${height}`;
    throw new FileFormatError("emoji", { problem });
  }
  const result = new Uint8Array(count * DRAWING_BYTES);
  let to = 0;
  for (let index = 0; index < count; index++) {
    const left = (index % columns) * emojiSize;
    const top = Math.floor(index / columns) * emojiSize;
    for (let y = 0; y < emojiSize; y++) {
      let from = ((top + y) * width + left) * sheet.channels;
      for (let x = 0; x < emojiSize; x++, from += sheet.channels) {
        for (let channel = 0; channel < CHANNELS; channel++)
          result[to++] = sheet.data[from + channel] as number;
      }
    }
  }
  return result;
}
