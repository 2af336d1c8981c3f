import type { Recipe } from "./recipe.ts";

/** A value that a recipe cannot have, in words for whoever gave it. */
export class RecipeError extends Error {
  override readonly name = "RecipeError";
}

interface Change {
  readonly hint: string;
  readonly about: string;
  apply(recipe: Recipe, value: number): Recipe;
  /** The least whole number; without it any number above 0 will do. */
  readonly least?: number;
}

/** Replaces the stages of the network by one; a width alone, or a number of blocks alone, keeps the other. */
function oneStage(recipe: Recipe, change: { width?: number; blocks?: number }): Recipe {
  const { stem, stages } = recipe.adapter;
  const [stage = { width: 64, blocks: change.width === undefined ? 0 : 1 }] = stages;
  const made = { ...stage, ...change };
  return { ...recipe, adapter: { stem, stages: made.blocks === 0 ? [] : [made] } };
}

/** What can be changed about a recipe, by name, as flags of a terminal and words of an address have it. */
export const recipeChanges: Readonly<Record<string, Change>> = {
  epochs: {
    ...{ hint: "N", about: "times that every image is seen", least: 1 },
    apply: (recipe, epochs) => ({ ...recipe, epochs }),
  },
  batch: {
    ...{ hint: "N", about: "images of a step", least: 2 },
    apply: (recipe, batch) => ({ ...recipe, batch }),
  },
  seed: {
    ...{ hint: "N", about: "number that all randomness follows from", least: 0 },
    apply: (recipe, seed) => ({ ...recipe, seed }),
  },
  rate: {
    ...{ hint: "X", about: "learning rate of the first step" },
    apply: (recipe, rate) => ({ ...recipe, rate }),
  },
  temperature: {
    ...{ hint: "X", about: "of the contrastive loss" },
    apply: (recipe, temperature) => ({ ...recipe, temperature }),
  },
  decay: {
    ...{ hint: "X", about: "weight decay" },
    apply: (recipe, weightDecay) => ({ ...recipe, weightDecay }),
  },
  view: {
    ...{ hint: "N", about: "rows and columns of the views", least: 4 },
    apply: (recipe, view) => ({ ...recipe, view }),
  },
  scales: {
    ...{ hint: "N", about: "scales of the scattering transform", least: 1 },
    apply: (recipe, scales) => ({ ...recipe, scales }),
  },
  angles: {
    ...{ hint: "N", about: "angles of the scattering transform", least: 1 },
    apply: (recipe, angles) => ({ ...recipe, angles }),
  },
  stem: {
    ...{ hint: "N", about: "width of the first convolution", least: 1 },
    apply: (recipe, stem) => ({ ...recipe, adapter: { ...recipe.adapter, stem } }),
  },
  width: {
    ...{ hint: "N", about: "width of the residual blocks", least: 1 },
    apply: (recipe, width) => oneStage(recipe, { width }),
  },
  blocks: {
    ...{ hint: "N", about: "number of residual blocks", least: 0 },
    apply: (recipe, blocks) => oneStage(recipe, { blocks }),
  },
  hidden: {
    ...{ hint: "N", about: "inner width of the projection head", least: 1 },
    apply: (recipe, hidden) => ({ ...recipe, hidden }),
  },
  out: {
    ...{ hint: "N", about: "width of the projection", least: 1 },
    apply: (recipe, out) => ({ ...recipe, out }),
  },
};

interface Choice {
  readonly hint: string;
  readonly about: string;
  readonly of: readonly string[];
  apply(recipe: Recipe, value: string): Recipe;
}

/** What can be chosen about a recipe, by name. */
export const recipeChoices: Readonly<Record<string, Choice>> = {
  pretext: {
    ...{ hint: "TASK", about: "a task to learn as well: none, rotation or jigsaw" },
    of: ["none", "rotation", "jigsaw"],
    apply: (recipe, pretext) => ({ ...recipe, pretext: pretext as Recipe["pretext"] }),
  },
  views: {
    ...{ hint: "KIND", about: "how views are made: mild, or as in the paper" },
    of: ["mild", "paper"],
    apply: (recipe, views) => ({ ...recipe, views: views as Recipe["views"] }),
  },
};

/**
 * A recipe with some values changed.
 *
 * @param given Texts by name; names that are in neither `recipeChanges` nor `recipeChoices` are left alone.
 * @throws {RecipeError} If a text is no such number or choice.
 */
export function changedRecipe(base: Recipe, given: Readonly<Record<string, string | undefined>>): Recipe {
  let recipe = base;
  for (const [name, change] of Object.entries(recipeChanges)) {
    const text = given[name];
    if (text !== undefined) recipe = change.apply(recipe, numberOf(name, text, change.least));
  }
  for (const [name, choice] of Object.entries(recipeChoices)) {
    const text = given[name];
    if (text === undefined) continue;
    if (!choice.of.includes(text)) {
      throw new RecipeError(`--${name} is "${text}"; it takes ${choice.of.join(" or ")}`);
    }
    recipe = choice.apply(recipe, text);
  }
  return recipe;
}

/** @throws {RecipeError} If a text is no whole number from `least` on or, without `least`, no number above 0. */
export function numberOf(name: string, text: string, least?: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (
    least === undefined ? Number.isFinite(value) && value > 0 : Number.isSafeInteger(value) && value >= least
  )
    return value;
  const need = least === undefined ? "a number above 0" : `a whole number from ${least} on`;
  throw new RecipeError(`--${name} is "${text}"; it takes ${need}`);
}

/** @throws {RecipeError} If the images cannot be learned from with this recipe; the message says what to change. */
export function checkRecipe(recipe: Recipe, images: { count: number; height: number; width: number }): void {
  const { batch, scales, view, epochs } = recipe;
  const { count, height, width } = images;
  const shown = count === 1 ? "1 image is" : `${count} images are`;
  if (count < 2) throw new RecipeError(`${shown} too few to learn from: give at least 2`);
  if (batch > count) throw new RecipeError(`${shown} no batch of ${batch}: give --batch ${count} or less`);
  const least = 2 ** scales;
  const side = Math.min(height, width, view ?? Number.POSITIVE_INFINITY);
  if (side < least) {
    const what =
      view !== null && view < Math.min(height, width) ? `views of ${view}` : `images of ${height} x ${width}`;
    throw new RecipeError(
      `${what} are too small for ${scales} scales, which need ${least} pixels: give fewer --scales`,
    );
  }
  if (epochs * Math.floor(count / batch) < 1)
    throw new RecipeError("there is no step to take: give more --epochs");
}
