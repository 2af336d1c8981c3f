// A recipe for each method that is as small as one can be.
import { adapters } from "../../models/scatsimclr/presets.ts";
import { presets } from "../../training/job/presets.ts";
import type { DistillationRecipe, MethodName, Recipe } from "../../training/job/recipe.ts";

const contrastive = { epochs: 2, batch: 4, hidden: 8, out: 8, side: null };
const distillation: Partial<DistillationRecipe> = {
  ...{ epochs: 2, batch: 4, side: null, dropPath: 0.1 },
  crops: { large: null, small: 12, count: 1, largeArea: [0.4, 1], smallArea: [0.1, 0.4] },
  head: { hidden: 12, bottleneck: 8, out: 16 },
};
const vit = { width: 8, depth: 1, heads: 2, patch: 4 };
const stage = { planes: 4, blocks: 1 };

/** For images of 16 x 16. */
export const tinyRecipes: Readonly<Record<MethodName, Recipe>> = {
  scatsimclr: {
    ...presets.nano.recipe,
    ...contrastive,
    ...{ scales: 1, adapter: { ...adapters.nano, stem: 4, stages: [{ width: 4, blocks: 1 }] } },
  },
  simclr: {
    ...presets["simclr-nano"].recipe,
    ...contrastive,
    network: {
      block: "basic",
      stem: { width: 4, kernelSize: 3, stride: 1, pool: false },
      stages: [
        { ...stage, stride: 1 },
        { ...stage, stride: 2 },
      ],
    },
  },
  dino: { ...presets["dino-nano"].recipe, ...distillation, vit },
  selfpatch: { ...presets["selfpatch-nano"].recipe, ...distillation, vit, patchOut: 20 },
  esvit: {
    ...presets["esvit-nano"].recipe,
    ...distillation,
    swin: { width: 8, depths: [1, 1], heads: [2, 2], window: 2, patch: 2 },
  },
};

export const methodNames = Object.keys(tinyRecipes) as MethodName[];
