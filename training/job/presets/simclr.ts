import { type ResNetShape, resNets } from "../../../models/resnet/resnet.ts";
import type { SimClrRecipe } from "../recipe.ts";
import type { Preset } from "./preset.ts";

const narrow: ResNetShape = {
  block: "basic",
  stem: { width: 16, kernelSize: 3, stride: 1, pool: false },
  stages: [
    { planes: 16, blocks: 1, stride: 1 },
    { planes: 32, blocks: 1, stride: 2 },
    { planes: 64, blocks: 1, stride: 2 },
  ],
};

const nano: SimClrRecipe = {
  method: "simclr",
  epochs: 10,
  batch: 100,
  seed: 0,
  rate: 1e-3,
  temperature: 0.5,
  pretext: "none",
  views: "mild",
  weightDecay: 1e-5,
  view: null,
  network: narrow,
  hidden: null,
  out: 64,
  statistics: null,
  firstTrain: null,
  firstTest: null,
  side: 32,
};

const published = (network: ResNetShape): SimClrRecipe => ({
  ...nano,
  ...{ epochs: 100, batch: 64, rate: 3e-4, out: 128, views: "paper", network, side: null },
});

export const simClrPresets = {
  "simclr-nano": { recipe: nano, about: "three residual blocks", data: null },
  "simclr-resnet18": {
    recipe: published(resNets.resnet18),
    about: "as ScatSimCLR's paper compares",
    data: null,
  },
  "simclr-resnet50": {
    recipe: published(resNets.resnet50),
    about: "as ScatSimCLR's paper compares",
    data: null,
  },
} as const satisfies Record<string, Preset>;
