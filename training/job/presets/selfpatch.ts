import { vits } from "../../../models/vit/presets.ts";
import type { SelfPatchRecipe } from "../recipe.ts";
import { publishedDistillation, smallDistillation } from "./dino.ts";
import type { Preset } from "./preset.ts";

const nano: SelfPatchRecipe = {
  ...smallDistillation,
  method: "selfpatch",
  epochs: 12,
  batch: 32,
  rate: 2.4e-2, // 3e-3 for 32 images
  momentum: [0.98, 1],
  // Small crops as large as DINO's: 5 to 25 % of 32 pixels, the paper's, show too little of a photograph.
  crops: { ...smallDistillation.crops, small: 24 },
  vit: { ...vits.nano, depth: 2, heads: 4, patch: 8 },
  head: { ...smallDistillation.head, hidden: 128 },
  patchOut: 256,
};

const published: SelfPatchRecipe = {
  ...publishedDistillation,
  method: "selfpatch",
  epochs: 200,
  crops: { ...publishedDistillation.crops, largeArea: [0.25, 1], smallArea: [0.05, 0.25] },
  vit: { ...vits.small, patch: 16 },
  patchOut: 4096,
};

export const selfPatchPresets = {
  "selfpatch-nano": { recipe: nano, about: "a small vision transformer for images of 32 pixels", data: null },
  "selfpatch-vits16": { recipe: published, about: "the paper's, ViT-S/16", data: null },
  "selfpatch-vitti16": {
    recipe: { ...published, vit: { ...vits.tiny, patch: 16 } },
    about: "the default of its code, ViT-Ti/16",
    data: null,
  },
} as const satisfies Record<string, Preset>;
