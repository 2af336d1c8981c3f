import { swins } from "../../../models/swin/presets.ts";
import type { EsVitRecipe } from "../recipe.ts";
import { publishedDistillation, smallDistillation } from "./dino.ts";
import type { Preset } from "./preset.ts";

const nano: EsVitRecipe = {
  ...smallDistillation,
  method: "esvit",
  epochs: 10,
  rate: 1.6e-2, // 1e-3 for 16 images
  crops: { ...smallDistillation.crops, large: null },
  swin: { width: 32, depths: [2, 2], heads: [2, 4], window: 4, patch: 4 },
};

const published: EsVitRecipe = {
  ...publishedDistillation,
  method: "esvit",
  ...{ epochs: 300, batch: 512, teacherTemperature: { from: 0.04, to: 0.07, epochs: 30 } },
  swin: { ...swins.tiny, window: 7, patch: 4 },
};

export const esVitPresets = {
  "esvit-nano": { recipe: nano, about: "a small Swin transformer for images of 32 pixels", data: null },
  "esvit-swint": { recipe: published, about: "the paper's, Swin-T with windows of 7", data: null },
  "esvit-swint14": {
    recipe: { ...published, swin: { ...published.swin, window: 14 } },
    about: "the paper's, Swin-T with windows of 14",
    data: null,
  },
  "esvit-swins": {
    recipe: { ...published, dropPath: 0.2, swin: { ...swins.small, window: 7, patch: 4 } },
    about: "the paper's, Swin-S",
    data: null,
  },
} as const satisfies Record<string, Preset>;
