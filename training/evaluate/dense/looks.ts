import { type ChannelStatistics, channelTensors, type ImageSet } from "../../../data/images.ts";
import { compile, concat, type Tensor, zeros } from "../../../mod.ts";
import { type Embeddings, embed, similarities, unitRows } from "../embeddings.ts";
import { gridOf, lookAt, type MapKind, mapKind, type PatchEncoder } from "./look.ts";

/** What an encoder looks at in some images, on the host. */
export interface Looks {
  /** Number of images. */
  readonly count: number;
  /** Rows and columns of patches. */
  readonly grid: readonly [rows: number, columns: number];
  readonly kind: MapKind;
  /** Maps of each image: one for each head. */
  readonly heads: number;
  /** `[count, heads, rows * columns]`, none below 0 */
  readonly maps: Float32Array;
  /** Features of all patches, image by image: `[count * rows * columns, D]`. */
  readonly patches: Embeddings;
}

/**
 * The maps and the patches of some images; see `lookAt`.
 *
 * @param images As they are; Swin transformers need square ones.
 * @param statistics What the channels of the images are normalised with.
 *
 * @example
 *   const looks = await looksOf(encoder, images, channelStatistics(images));
 *   const mask = attentionMask(meanMap(looks, 0));   // the patches that hold 60 % of the attention
 *
 * Source: training/evaluate/dense/looks.ts.
 */
export async function looksOf(
  model: PatchEncoder,
  images: ImageSet,
  statistics: ChannelStatistics,
): Promise<Looks> {
  const { mean, std } = channelTensors(statistics);
  const { count, channels, height, width } = images;
  // Nothing is computed: shapes are known before.
  const one = zeros([1, channels, height, width]);
  const { maps, patches } = lookAt(model, one);
  const [, heads = 0, cells = 0] = maps.shape;
  const features = patches.shape[2] as number;
  const compiled = compile(
    (batch: Tensor) => {
      const seen = lookAt(model, batch.sub(mean).div(std));
      return concat([seen.maps.flatten(1), seen.patches.flatten(1)], { axis: 1 });
    },
    { name: "look" },
  );
  try {
    const { values, width: row } = await embed(images, compiled, { batch: MOST_IMAGES });
    const part = (from: number, size: number) => {
      const all = new Float32Array(count * size);
      for (let i = 0; i < count; i++)
        all.set(values.subarray(i * row + from, i * row + from + size), i * size);
      return all;
    };
    const size = heads * cells;
    return {
      ...{ count, heads, kind: mapKind(model), grid: gridOf(model, one) },
      maps: part(0, size),
      patches: { count: count * cells, width: features, values: part(size, cells * features) },
    };
  } finally {
    for (const each of [compiled, mean, std]) each.dispose();
  }
}

/** Images at a time: maps of all heads are large. */
const MOST_IMAGES = 16;

/** One map of an image, `[rows * columns]`. */
export function mapOf({ maps, heads, grid }: Looks, image: number, head: number): Float32Array {
  const cells = grid[0] * grid[1];
  const from = (image * heads + head) * cells;
  return maps.slice(from, from + cells);
}

/** The mean of all maps of an image. */
export function meanMap(looks: Looks, image: number): Float32Array {
  const { heads, grid } = looks;
  const mean = new Float32Array(grid[0] * grid[1]);
  for (let head = 0; head < heads; head++) {
    mapOf(looks, image, head).forEach((value, cell) => {
      mean[cell]! += value / heads;
    });
  }
  return mean;
}

/**
 * How much each patch of an image resembles the mean of all, which stands for the image where no token does:
 * `[rows * columns]`, cosines of features, 0 where they are below.
 */
export function likenessMap({ patches, grid }: Looks, image: number): Float32Array {
  const cells = grid[0] * grid[1];
  const { width } = patches;
  const values = patches.values.subarray(image * cells * width, (image + 1) * cells * width);
  const mean = new Float32Array(width);
  values.forEach((value, i) => {
    mean[i % width]! += value / cells;
  });
  const unit = (count: number, rows: Float32Array) => unitRows({ count, width, values: rows });
  return similarities(unit(1, mean), unit(cells, values)).map((cosine) => Math.max(0, cosine));
}
