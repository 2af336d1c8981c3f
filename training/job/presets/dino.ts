import { vits } from "../../../models/vit/presets.ts";
import type { DinoRecipe, DistillationRecipe } from "../recipe.ts";
import type { Preset } from "./preset.ts";

/** What DINO, SelfPatch and EsViT learn small images with, where there are few of them and little time. */
export const smallDistillation: DistillationRecipe = {
  epochs: 16,
  batch: 16,
  seed: 0,
  rate: 3.2e-2, // 2e-3 for 16 images
  finalRate: 1e-5,
  warmup: 10,
  weightDecay: [0.04, 0.04],
  momentum: [0.99, 1],
  teacherTemperature: { from: 0.04, to: 0.04, epochs: 0 },
  clip: 3,
  freeze: 0,
  dropPath: 0,
  start: "even",
  views: "mild",
  crops: { large: 24, small: 16, count: 2, largeArea: [0.4, 1], smallArea: [0.15, 0.5] },
  head: { hidden: 256, bottleneck: 64, out: 512 },
  recompute: 0,
  statistics: null,
  firstTrain: null,
  firstTest: null,
  side: 32,
};

/** The code of the papers, for 224 pixels. */
export const publishedDistillation: DistillationRecipe = {
  ...smallDistillation,
  ...{ epochs: 100, batch: 1024, rate: 5e-4, finalRate: 1e-6, warmup: 10 },
  ...{
    weightDecay: [0.04, 0.4],
    momentum: [0.996, 1],
    dropPath: 0.1,
    start: "published",
    freeze: 1,
    views: "paper",
    side: null,
  },
  crops: { large: 224, small: 96, count: 8, largeArea: [0.4, 1], smallArea: [0.05, 0.4] },
  head: { hidden: 2048, bottleneck: 256, out: 65_536 },
};

const nano: DinoRecipe = {
  ...smallDistillation,
  method: "dino",
  vit: { ...vits.nano, depth: 2, patch: 8 },
};

const vit = (shape: Omit<DinoRecipe["vit"], "patch">, patch: number): DinoRecipe => ({
  ...publishedDistillation,
  method: "dino",
  vit: { ...shape, patch },
});

export const dinoPresets = {
  "dino-nano": { recipe: nano, about: "a small vision transformer for images of 32 pixels", data: null },
  "dino-vits16": { recipe: vit(vits.small, 16), about: "the paper's, ViT-S/16", data: null },
  "dino-vits8": { recipe: vit(vits.small, 8), about: "the paper's, ViT-S/8", data: null },
  "dino-vitb16": { recipe: vit(vits.base, 16), about: "the paper's, ViT-B/16", data: null },
} as const satisfies Record<string, Preset>;
