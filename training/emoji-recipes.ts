import { adapters } from "../models/scatsimclr/presets.ts";
import type { EmojiRecipe } from "./emoji-run.ts";

const nano: EmojiRecipe = {
  epochs: 10,
  batch: 100,
  seed: 0,
  rate: 1e-3,
  temperature: 0.5,
  view: 32,
  angles: 4,
  adapter: adapters.nano,
  hidden: 256,
  out: 64,
  emoji: Number.POSITIVE_INFINITY,
  probes: false,
};

/** Recipes by name: `nano` is the one with published figures, `quick` one for a machine without a GPU. */
export const emojiRecipes = {
  quick: {
    ...nano,
    epochs: 3,
    view: 20,
    adapter: { stem: 64, stages: [] },
  },
  nano,
} as const satisfies Record<string, EmojiRecipe>;

export type EmojiRecipeName = keyof typeof emojiRecipes;
