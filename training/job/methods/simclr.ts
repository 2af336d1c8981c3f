import { type SimClrState, simClr } from "../../methods/simclr.ts";
import type { SimClrRecipe } from "../recipe.ts";
import { contrastiveOptions, cosineRate, headWords, modelOf, viewsOf } from "./contrastive.ts";
import type { JobMethod } from "./job-method.ts";

export const simClrJob: JobMethod<SimClrRecipe, SimClrState> = {
  method: (recipe, { channels }, statistics) =>
    simClr({
      ...contrastiveOptions(recipe, statistics),
      model: {
        ...{ network: recipe.network, channels, out: recipe.out },
        ...(recipe.hidden === null ? {} : { hidden: recipe.hidden }),
      },
    }),
  form: ({ network, hidden, out }) => ({ method: "SimCLR", network, hidden, out }),
  rate: cosineRate,
  views: viewsOf,
  learned: modelOf,
  words(recipe) {
    const { stages, block } = recipe.network;
    const shown = stages.map(({ planes, blocks }) => `${planes}x${blocks}`).join(", ");
    const width = (stages.at(-1)?.planes ?? 0) * (block === "basic" ? 1 : 4);
    return `SimCLR: residual network ${shown} (${block} blocks), ${headWords(recipe, width)}`;
  },
  problem: () => null,
};
