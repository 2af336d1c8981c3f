import type { FilterName } from "../../data/augment/filters.ts";
import { resample } from "../../data/augment/resample.ts";
import { bytes, continuous } from "../../data/augment/scale.ts";
import { arange, randint, stack, type Tensor, take, tensor } from "../../mod.ts";
import type { Permutations } from "./permutations.ts";

/** A part of an image: rows and columns from the first to before the last. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const GRID = 3;

/**
 * The nine tiles of an image, row by row. Where the side is no multiple of 3 there are gaps of a pixel between them,
 * and where rounding falls short the last row and column are lost, as in the published code.
 *
 * Source: training/pretext/jigsaw.ts. Code: vkinakh/scatsimclr, jigsaw_dataset.py.
 */
export function jigsawBoxes(rows: number, columns = rows): Box[] {
  /** Start and end of part i of an axis; the order of the operations decides how the last digit is rounded. */
  const part = (side: number, i: number): [number, number] => {
    const half = side / GRID / 2;
    const centre = half * i * 2 + half;
    return [Math.ceil(centre - half), Math.trunc(centre + half)];
  };
  return Array.from({ length: GRID ** 2 }, (_, n) => {
    const [top, bottom] = part(rows, Math.floor(n / GRID));
    const [left, right] = part(columns, n % GRID);
    return { left, top, right, bottom };
  });
}

/**
 * The tiles of each image, resized to the size of the whole: `f32[B, C, H, W]`, 0 to 1, to `f32[B, 9, C, H, W]`.
 *
 * @param options.filter How they are resized. Default "bilinear", as in the code; the paper says "lanczos".
 * @param options.exact Round to 8 bits after each step, as Pillow does. Default false.
 */
export function jigsawTiles(images: Tensor, options: { filter?: FilterName; exact?: boolean } = {}): Tensor {
  const { filter = "bilinear", exact = false } = options;
  const [, , rows = 0, columns = 0] = images.shape;
  const given = exact ? bytes.nearest(images.mul(255)) : images;
  const tiles = jigsawBoxes(rows, columns).map(({ left, top, right, bottom }) =>
    resample(given, [rows, columns], {
      filter,
      scale: exact ? bytes : continuous,
      box: { top, left, height: bottom - top, width: right - left },
    }),
  );
  const together = stack(tiles, { axis: 1 });
  return exact ? together.div(255) : together;
}

/**
 * Tiles in the order of a permutation each: place t of image b shows tile `permutations[classes[b]][t]`.
 *
 * @param tiles `f32[B, 9, ...]`
 * @param classes `i32[B]`
 */
export function shuffleTiles(tiles: Tensor, classes: Tensor, permutations: Permutations): Tensor {
  const [count = 0, places = 0, ...rest] = tiles.shape;
  const table = tensor(Int32Array.from(permutations.flat()), { shape: [permutations.length, places] });
  const sources = take(table, classes, { axis: 0 }).add(arange(count).mul(places).reshape([count, 1]));
  const shuffled = take(tiles.reshape([count * places, ...rest]), sources.reshape([-1]), { axis: 0 });
  return shuffled.reshape(tiles.shape);
}

/** A class for each of so many puzzles, each as likely: `i32[B]`. */
export const jigsawLabels = (key: Tensor, images: number, permutations: Permutations): Tensor =>
  randint(key, [images], { high: permutations.length });
