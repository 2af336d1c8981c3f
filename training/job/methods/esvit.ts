import type { EsVitNetwork } from "../../../models/networks/esvit.ts";
import { esVit } from "../../methods/esvit.ts";
import type { SelfDistillationState } from "../../methods/self-distillation.ts";
import type { EsVitRecipe } from "../recipe.ts";
import {
  cropProblem,
  cropsShown,
  cropWords,
  distillationOptions,
  layoutSide,
  studentOf,
} from "./distillation.ts";
import type { JobMethod } from "./job-method.ts";

export const esVitJob: JobMethod<EsVitRecipe, SelfDistillationState<EsVitNetwork>> = {
  method: (recipe, images, statistics) =>
    esVit({
      ...distillationOptions(recipe, images, statistics),
      network: {
        ...recipe.swin,
        dropPath: recipe.dropPath,
        imageSize: layoutSide(recipe, images),
        channels: images.channels,
        projection: recipe.head,
      },
    }),
  form: (recipe, images) => ({
    method: "EsViT",
    swin: recipe.swin,
    imageSize: layoutSide(recipe, images),
    start: recipe.start,
  }),
  views: cropsShown,
  learned: studentOf,
  blocks: ({ swin }) => swin.depths.reduce((a, b) => a + b, 0),
  words(recipe, images) {
    const { width, depths, window, patch } = recipe.swin;
    const stages = depths.map((depth, i) => `${width * 2 ** i}x${depth}`).join(", ");
    return `EsViT: Swin transformer ${stages}, windows of ${window}, patches of ${patch}, ${cropWords(recipe, images)}`;
  },
  problem(recipe, images) {
    const { width, heads, depths, patch } = recipe.swin;
    if (images.height !== images.width) {
      return `images of ${images.height} x ${images.width} are not square, and a Swin transformer needs that: give --size ${Math.min(images.height, images.width)}`;
    }
    const wrong = heads.findIndex((count, stage) => (width * 2 ** stage) % count !== 0);
    if (wrong >= 0)
      return `a width of ${width * 2 ** wrong} does not fall into ${heads[wrong]} heads: give another --width`;
    // Every merging of patches halves the grid.
    return cropProblem(recipe, images, { patch, least: 2 ** (depths.length - 1) });
  },
};
