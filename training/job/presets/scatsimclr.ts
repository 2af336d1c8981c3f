import type { ChannelStatistics } from "../../../data/images.ts";
import { type Adapter, adapters } from "../../../models/scatsimclr/presets.ts";
import type { ScatSimClrRecipe } from "../recipe.ts";
import type { Preset } from "./preset.ts";

const nano: ScatSimClrRecipe = {
  method: "scatsimclr",
  epochs: 10,
  batch: 100,
  seed: 0,
  rate: 1e-3,
  temperature: 0.5,
  pretext: "none",
  views: "mild",
  weightDecay: 1e-5,
  view: null,
  scales: 2,
  angles: 4,
  adapter: adapters.nano,
  hidden: 256,
  out: 64,
  statistics: null,
  firstTrain: null,
  firstTest: null,
  side: null,
};

const small: ScatSimClrRecipe = {
  ...nano,
  ...{ batch: 128, angles: 8, adapter: adapters.small, hidden: 512, out: 128 },
};

/** Statistics of CIFAR-10 and of Fashion-MNIST, as the published runs use them. */
const cifar: ChannelStatistics = { mean: [0.491, 0.482, 0.447], std: [0.247, 0.243, 0.261] };
const fashion: ChannelStatistics = { mean: [0.286], std: [0.353] };

const published = (adapter: Adapter): ScatSimClrRecipe => ({
  ...small,
  ...{ epochs: 100, batch: 64, rate: 3e-4, angles: 16, adapter, hidden: null, views: "paper" },
});

/** For any images by size, and those with reference figures, which are for one data set each. */
export const scatSimClrPresets = {
  quick: {
    recipe: { ...nano, epochs: 3, view: 20, adapter: { stem: 64, stages: [] }, side: 32 },
    about: "one convolution on small views: minutes without a GPU",
    data: null,
  },
  nano: { recipe: { ...nano, side: 32 }, about: "one residual block", data: null },
  small: { recipe: { ...small, side: 32 }, about: "four residual blocks", data: null },
  scatsimclr8: { recipe: published(adapters.scatsimclr8), about: "the paper's, 8 blocks", data: null },
  scatsimclr12: { recipe: published(adapters.scatsimclr12), about: "the paper's, 12 blocks", data: null },
  scatsimclr16: { recipe: published(adapters.scatsimclr16), about: "the paper's, 16 blocks", data: null },
  scatsimclr30: { recipe: published(adapters.scatsimclr30), about: "the paper's, 30 blocks", data: null },
  "emoji-nano": { recipe: nano, about: "reference run on the emoji", data: "emoji" },
  "cifar-nano": {
    recipe: { ...nano, statistics: cifar, firstTrain: 2000 },
    about: "reference run on the CIFAR-10 subset",
    data: "cifar",
  },
  "cifar-small": {
    recipe: { ...small, statistics: cifar },
    about: "larger reference run on the CIFAR-10 subset",
    data: "cifar",
  },
  "fashion-nano": {
    recipe: {
      ...nano,
      ...{ epochs: 5, statistics: fashion, firstTrain: 2000, firstTest: 1000 },
      adapter: {
        stem: 16,
        stages: [
          { width: 32, blocks: 1 },
          { width: 64, blocks: 1 },
        ],
      },
    },
    about: "reference run on Fashion-MNIST",
    data: "fashion-mnist",
  },
} as const satisfies Record<string, Preset>;
