import type { ImageSet } from "../../data/images.ts";
import { attentionMask } from "../evaluate/dense/attention-mask.ts";
import { type Looks, meanMap } from "../evaluate/dense/looks.ts";
import { smoothed } from "../evaluate/dense/smooth.ts";
import { DARK, KEPT, mapsShown } from "./attention-section.ts";
import { heatColours } from "./heat.ts";
import type { Picture } from "./png.ts";
import { pictureOf } from "./sheet.ts";

/** Pixels between two tiles, and around all. */
const GAP = 4;
/** Small images are enlarged by whole factors to about this side. */
const SIDE = 128;
const WHITE = 255;

/**
 * A picture of what an encoder looks at: a row for each image with the image, the patches that together hold most of the
 * mean map, that map, and the map of each head. Light is much; each map by itself.
 *
 * @param images Those that `looks` has seen.
 * @param options.part Of the whole map that the patches hold. Default 0.6.
 *
 * @example
 *   const looks = await looksOf(encoder, images, statistics);
 *   await writeFile("attention.png", await encodePng(attentionPicture(images, looks)));
 *
 * Source: training/report/attention-picture.ts. As DINO's visualize_attention shows them.
 */
export function attentionPicture(
  images: ImageSet,
  looks: Looks,
  { part = KEPT }: { part?: number } = {},
): Picture {
  const factor = Math.max(1, Math.round(SIDE / Math.max(images.height, images.width)));
  const [height, width] = [images.height * factor, images.width * factor];
  const rows = Array.from({ length: looks.count }, (_, i) => {
    const image = enlargedColours(pictureOf(images, i), factor);
    const maps = mapsShown(looks, i).map(({ map }) =>
      heatColours(smoothed(map, looks.grid, [height, width])),
    );
    return [image, veiled(image, attentionMask(meanMap(looks, i), part), looks.grid, width), ...maps];
  });
  return tiled(rows, height, width);
}

/** RGB, each pixel `factor` times in both directions. */
function enlargedColours({ width, height, channels, data }: Picture, factor: number): Uint8Array {
  const [tall, wide] = [height * factor, width * factor];
  const result = new Uint8Array(tall * wide * 3);
  for (let i = 0; i < tall * wide; i++) {
    const from = Math.floor(i / wide / factor) * width + Math.floor((i % wide) / factor);
    for (let c = 0; c < 3; c++)
      result[3 * i + c] = data[from * channels + (channels === 3 ? c : 0)] as number;
  }
  return result;
}

/** The image, dark where its patch is not in the mask. */
function veiled(
  image: Uint8Array,
  mask: Uint8Array,
  [rows, columns]: readonly [number, number],
  width: number,
): Uint8Array {
  const height = image.length / 3 / width;
  return image.map((value, at) => {
    const pixel = Math.floor(at / 3);
    const row = Math.floor((Math.floor(pixel / width) / height) * rows);
    const column = Math.floor(((pixel % width) / width) * columns);
    return mask[row * columns + column] ? value : Math.round((value * DARK) / 255);
  });
}

/** Rows of RGB tiles of one size as one picture. */
function tiled(rows: readonly (readonly Uint8Array[])[], height: number, width: number): Picture {
  const columns = rows[0]?.length ?? 0;
  const [tall, wide] = [rows.length * (height + GAP) + GAP, columns * (width + GAP) + GAP];
  const data = new Uint8Array(tall * wide * 3).fill(WHITE);
  rows.forEach((tiles, row) => {
    tiles.forEach((tile, column) => {
      const [top, left] = [GAP + row * (height + GAP), GAP + column * (width + GAP)];
      for (let y = 0; y < height; y++) {
        data.set(tile.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * wide + left) * 3);
      }
    });
  });
  return { width: wide, height: tall, channels: 3, data };
}
