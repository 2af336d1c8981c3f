import { defaultRecipe, scatSimClrRecipe, type ViewRecipe } from "../../../data/augment/recipe.ts";
import type { ChannelStatistics } from "../../../data/images.ts";
import type { ContrastiveOptions, ContrastiveState } from "../../methods/contrastive.ts";
import { cosine } from "../../schedule.ts";
import type { ContrastiveRecipe } from "../recipe.ts";

// What the recipes of ScatSimCLR and SimCLR have in common.

export function contrastiveOptions(
  { view, temperature, weightDecay, pretext, views }: ContrastiveRecipe,
  statistics: ChannelStatistics,
): ContrastiveOptions {
  return {
    statistics,
    ...(view === null ? {} : { viewSize: [view, view] }),
    ...{ temperature, weightDecay, pretext },
    ...(views === "paper" ? { views: scatSimClrRecipe } : {}),
  };
}

export const viewsOf = ({ views }: ContrastiveRecipe): readonly ViewRecipe[] => [
  views === "paper" ? scatSimClrRecipe : defaultRecipe,
];

export const cosineRate = ({ rate }: ContrastiveRecipe, steps: number) => cosine({ base: rate, steps });

export const modelOf = <M>({ model }: ContrastiveState<M>): M => model;

export const headWords = ({ hidden, out }: ContrastiveRecipe, width: number): string =>
  `head ${hidden ?? width}-${out}`;
