import type { ImageSet } from "../../data/images.ts";
import { escaped } from "./markup.ts";
import { type Picture, pngAddress } from "./png.ts";

/** Many small pictures of one size in one file, row by row. */
export interface Sheet {
  readonly address: string;
  readonly columns: number;
  readonly rows: number;
  /** Pixels of one picture. */
  readonly width: number;
  readonly height: number;
}

/** Images of a set as one sheet, shrunk by whole factors until no side is longer than `most`. */
export async function sheetOf(
  images: ImageSet,
  indices: readonly number[],
  { most = 48, columns = Math.ceil(Math.sqrt(indices.length)) }: { most?: number; columns?: number } = {},
): Promise<Sheet> {
  const pictures = indices.map((index) => shrunk(pictureOf(images, index), most));
  const [first] = pictures;
  if (!first) return { address: "data:,", columns: 0, rows: 0, width: 1, height: 1 };
  const { width, height, channels } = first;
  const rows = Math.ceil(pictures.length / columns);
  const data = new Uint8Array(rows * height * columns * width * channels);
  pictures.forEach((picture, i) => {
    const left = (i % columns) * width * channels;
    const top = Math.floor(i / columns) * height;
    for (let y = 0; y < height; y++) {
      const row = picture.data.subarray(y * width * channels, (y + 1) * width * channels);
      data.set(row, (top + y) * columns * width * channels + left);
    }
  });
  const whole: Picture = { width: columns * width, height: rows * height, channels, data };
  return { address: await pngAddress(whole), columns, rows, width, height };
}

/** One image as a picture: grey, the three colours, the first three channels of more, or the first of two. */
export function pictureOf({ height, width, channels, data }: ImageSet, index: number): Picture {
  const from = index * height * width * channels;
  if (channels === 1 || channels === 3) {
    return { width, height, channels, data: data.slice(from, from + height * width * channels) };
  }
  const kept = channels > 3 ? 3 : 1;
  const bytes = new Uint8Array(height * width * kept);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = data[from + Math.floor(i / kept) * channels + (i % kept)] as number;
  }
  return { width, height, channels: kept, data: bytes };
}

/** Means of square blocks, the smallest that leave no side longer than `most`. */
export function shrunk(picture: Picture, most: number): Picture {
  const factor = Math.ceil(Math.max(picture.width, picture.height) / most);
  if (factor <= 1) return picture;
  const { channels } = picture;
  const [width, height] = [Math.floor(picture.width / factor) || 1, Math.floor(picture.height / factor) || 1];
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let [sum, count] = [0, 0];
        for (let dy = 0; dy < factor; dy++) {
          for (let dx = 0; dx < factor; dx++) {
            const value = picture.data[((y * factor + dy) * picture.width + x * factor + dx) * channels + c];
            if (value === undefined) continue;
            sum += value;
            count++;
          }
        }
        data[(y * width + x) * channels + c] = Math.round(sum / Math.max(1, count));
      }
    }
  }
  return { width, height, channels, data };
}

/** Numbers as grey levels, the least black and the largest white; or around zero, which is then the middle grey. */
export function levels(values: ArrayLike<number>, aroundZero = false): Uint8Array {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i] as number);
    high = Math.max(high, values[i] as number);
  }
  if (aroundZero) {
    high = Math.max(Math.abs(low), Math.abs(high));
    low = -high;
  }
  const scale = high > low ? 255 / (high - low) : 0;
  return Uint8Array.from({ length: values.length }, (_, i) =>
    Math.round(((values[i] as number) - low) * scale),
  );
}

/** A style that all tiles of a sheet share, so that the picture is in the page once. `side` is a tile's, in pixels of the page. */
export function sheetStyle(name: string, sheet: Sheet, side: number): string {
  const [wide, tall] = tileSize(sheet, side);
  return `<style>.sheet-${name} { width:${wide}px; height:${tall}px; background-image:url("${sheet.address}"); background-size:${sheet.columns * wide}px ${sheet.rows * tall}px }</style>`;
}

/** One picture of a sheet, as an element. */
export function tileOf(name: string, sheet: Sheet, at: number, words: string, side: number): string {
  const [wide, tall] = tileSize(sheet, side);
  const [left, top] = [(at % sheet.columns) * wide, Math.floor(at / sheet.columns) * tall];
  return `<span class="tile sheet-${name}" role="img" aria-label="${escaped(words)}" title="${escaped(words)}" style="background-position:${-left}px ${-top}px"></span>`;
}

/** Width and height of a tile on the page. */
export function tileSize({ width, height }: Sheet, side: number): [number, number] {
  const scale = side / Math.max(width, height);
  return [Math.round(width * scale), Math.round(height * scale)];
}
