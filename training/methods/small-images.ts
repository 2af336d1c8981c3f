import { dinoRecipe } from "../../data/augment/recipe.ts";
import { vits } from "../../models/vit/presets.ts";
import type { DinoOptions } from "./dino.ts";
import type { EsVitOptions } from "./esvit.ts";
import type { SelfPatchOptions } from "./selfpatch.ts";

type Rest<T> = Omit<T, "statistics">;

/** Everything about the three methods but the statistics of the images. */
export interface SmallImageOptions {
  readonly dino: Rest<DinoOptions>;
  readonly selfPatch: Rest<SelfPatchOptions>;
  readonly esVit: Rest<EsVitOptions>;
}

/**
 * Options for small images and few of them, where those of the papers would need weeks: networks of 0.4 to 0.6 million
 * parameters, with their heads, four small crops of half the size, and a teacher that follows sooner. `presets`
 * (`dino-nano` and its like) are other choices, with results in docs/learning.md.
 *
 * @param side Rows and columns of the images, a multiple of 8. Default 32.
 * @throws {RangeError} If the side does not fall into patches.
 *
 * @example
 *   const method = selfPatch({ ...smallImages(32).selfPatch, statistics: channelStatistics(images) });
 *   for await (const event of pretrain(method, images, { epochs: 50, batch: 64 })) ...
 *
 * Source: training/methods/small-images.ts.
 */
export function smallImages(side = 32): SmallImageOptions {
  if (!(side >= 24 && side % 8 === 0)) {
    throw new RangeError(`smallImages: images of ${side} pixels; need a multiple of 8 from 24 on`);
  }
  const patch = side / 8;
  const head = { hidden: 256, bottleneck: 64, out: 1024 };
  const crops = (areas: { globalArea?: [number, number]; localArea?: [number, number] }) => ({
    recipe: dinoRecipe({ locals: 4, ...areas }),
    globalSize: [side, side] as const,
    localSize: [side / 2, side / 2] as const,
  });
  const common = {
    rate: 2e-3,
    warmupEpochs: 5,
    weightDecay: [0.04, 0.1] as const,
    momentum: [0.99, 1] as const,
    start: "even" as const,
  };
  const backbone = { ...vits.nano, patch, imageSize: side, dropPath: 0 };
  return {
    dino: { ...common, network: { backbone, head }, views: crops({}) },
    selfPatch: {
      ...common,
      network: { backbone, head, patchOut: 256 },
      views: crops({ globalArea: [0.25, 1], localArea: [0.05, 0.25] }),
    },
    esVit: {
      ...common,
      network: {
        ...{ width: 24, depths: [2, 2], heads: [2, 4], window: 4, patch: side / 16, imageSize: side },
        projection: head,
      },
      views: crops({}),
    },
  };
}
