import { problemWith } from "./method-of.ts";
import type { ContrastiveRecipe, DistillationRecipe, Recipe } from "./recipe.ts";

/** A value that a recipe cannot have, in words for whoever gave it. */
export class RecipeError extends Error {
  override readonly name = "RecipeError";
}

interface Change {
  readonly hint: string;
  readonly about: string;
  /** Undefined: there is no such thing in the recipe's method. */
  apply(recipe: Recipe, value: number): Recipe | undefined;
  /** The least whole number; without it any number above 0 will do. */
  readonly least?: number;
  /** The largest number; without it there is none. */
  readonly most?: number;
}

/** The same method with other values: what a change of common fields keeps. */
type Contrastive = Extract<Recipe, ContrastiveRecipe>;
type Distillation = Extract<Recipe, DistillationRecipe>;

const isDistillation = (recipe: Recipe): recipe is Distillation => "crops" in recipe;

const contrastive = (recipe: Recipe, change: Partial<ContrastiveRecipe>): Contrastive | undefined =>
  isDistillation(recipe) ? undefined : { ...recipe, ...change };

const distillation = (
  recipe: Recipe,
  change: (recipe: Distillation) => Partial<DistillationRecipe>,
): Distillation | undefined => (isDistillation(recipe) ? { ...recipe, ...change(recipe) } : undefined);

const crops = (recipe: Recipe, change: Partial<DistillationRecipe["crops"]>) =>
  distillation(recipe, ({ crops }) => ({ crops: { ...crops, ...change } }));

const head = (recipe: Recipe, change: Partial<DistillationRecipe["head"]>) =>
  distillation(recipe, ({ head }) => ({ head: { ...head, ...change } }));

/** Replaces the stages of the network by one; a width alone, or a number of blocks alone, keeps the other. */
function oneStage(recipe: Recipe, change: { width?: number; blocks?: number }): Recipe | undefined {
  if (recipe.method !== "scatsimclr") return undefined;
  const { stem, stages } = recipe.adapter;
  const [stage = { width: 64, blocks: change.width === undefined ? 0 : 1 }] = stages;
  const made = { ...stage, ...change };
  return { ...recipe, adapter: { stem, stages: made.blocks === 0 ? [] : [made] } };
}

/** Changes the transformer of a recipe. */
function transformer(
  recipe: Recipe,
  change: { width?: number; depth?: number; heads?: number; patch?: number },
): Recipe | undefined {
  if (recipe.method === "dino" || recipe.method === "selfpatch") {
    return { ...recipe, vit: { ...recipe.vit, ...change } };
  }
  if (recipe.method !== "esvit" || change.depth !== undefined || change.heads !== undefined) return undefined;
  const { width = recipe.swin.width, patch = recipe.swin.patch } = change;
  return { ...recipe, swin: { ...recipe.swin, width, patch } };
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
    ...{ hint: "X", about: "learning rate at its highest; for transformers that of 256 images a step" },
    apply: (recipe, rate) => ({ ...recipe, rate }),
  },
  temperature: {
    ...{ hint: "X", about: "of the contrastive loss, or of the teacher" },
    apply: (recipe, temperature) =>
      contrastive(recipe, { temperature }) ??
      distillation(recipe, ({ teacherTemperature: { from, epochs } }) => ({
        teacherTemperature: { from: Math.min(from, temperature), to: temperature, epochs },
      })),
  },
  decay: {
    ...{ hint: "X", about: "weight decay" },
    apply: (recipe, decay) =>
      contrastive(recipe, { weightDecay: decay }) ??
      distillation(recipe, () => ({ weightDecay: [decay, decay] })),
  },
  view: {
    ...{ hint: "N", about: "rows and columns of the views, or of the large crops", least: 4 },
    apply: (recipe, view) => contrastive(recipe, { view }) ?? crops(recipe, { large: view }),
  },
  small: {
    ...{ hint: "N", about: "rows and columns of the small crops", least: 4 },
    apply: (recipe, small) => crops(recipe, { small }),
  },
  locals: {
    ...{ hint: "N", about: "small crops of each image", least: 0 },
    apply: (recipe, count) => crops(recipe, { count }),
  },
  momentum: {
    ...{ hint: "X", about: "what the teacher keeps of itself in the first step, at most 1", most: 1 },
    apply: (recipe, momentum) => distillation(recipe, (old) => ({ momentum: [momentum, old.momentum[1]] })),
  },
  warmup: {
    ...{ hint: "N", about: "epochs in which the rate rises, a tenth of the run at most", least: 0 },
    apply: (recipe, warmup) => distillation(recipe, () => ({ warmup })),
  },
  scales: {
    ...{ hint: "N", about: "scales of the scattering transform", least: 1 },
    apply: (recipe, scales) => (recipe.method === "scatsimclr" ? { ...recipe, scales } : undefined),
  },
  angles: {
    ...{ hint: "N", about: "angles of the scattering transform", least: 1 },
    apply: (recipe, angles) => (recipe.method === "scatsimclr" ? { ...recipe, angles } : undefined),
  },
  stem: {
    ...{ hint: "N", about: "width of the first convolution", least: 1 },
    apply(recipe, stem) {
      if (recipe.method === "scatsimclr") return { ...recipe, adapter: { ...recipe.adapter, stem } };
      if (recipe.method !== "simclr") return undefined;
      const { network } = recipe;
      return { ...recipe, network: { ...network, stem: { ...network.stem, width: stem } } };
    },
  },
  width: {
    ...{ hint: "N", about: "width of the residual blocks, or of the transformer", least: 1 },
    apply: (recipe, width) => oneStage(recipe, { width }) ?? transformer(recipe, { width }),
  },
  blocks: {
    ...{ hint: "N", about: "number of residual blocks, or of the vision transformer's", least: 0 },
    apply: (recipe, blocks) => oneStage(recipe, { blocks }) ?? transformer(recipe, { depth: blocks }),
  },
  heads: {
    ...{ hint: "N", about: "heads of the vision transformer", least: 1 },
    apply: (recipe, heads) => transformer(recipe, { heads }),
  },
  patch: {
    ...{ hint: "N", about: "side of a patch, in pixels", least: 1 },
    apply: (recipe, patch) => transformer(recipe, { patch }),
  },
  hidden: {
    ...{ hint: "N", about: "inner width of the head", least: 1 },
    apply: (recipe, hidden) => contrastive(recipe, { hidden }) ?? head(recipe, { hidden }),
  },
  out: {
    ...{ hint: "N", about: "width of the projection, or number of prototypes", least: 1 },
    apply: (recipe, out) => contrastive(recipe, { out }) ?? head(recipe, { out }),
  },
  recompute: {
    ...{ hint: "N", about: "blocks that are computed again, to save memory", least: 0 },
    apply: (recipe, recompute) => distillation(recipe, () => ({ recompute })),
  },
};

interface Choice {
  readonly hint: string;
  readonly about: string;
  readonly of: readonly string[];
  apply(recipe: Recipe, value: string): Recipe | undefined;
}

/** What can be chosen about a recipe, by name. */
export const recipeChoices: Readonly<Record<string, Choice>> = {
  pretext: {
    ...{ hint: "TASK", about: "a task to learn as well: none, rotation or jigsaw" },
    of: ["none", "rotation", "jigsaw"],
    apply: (recipe, pretext) => contrastive(recipe, { pretext: pretext as ContrastiveRecipe["pretext"] }),
  },
  views: {
    ...{ hint: "KIND", about: "how views are made: mild, or as in the paper" },
    of: ["mild", "paper"],
    apply: (recipe, views) => ({ ...recipe, views: views as Recipe["views"] }),
  },
  activations: {
    ...{ hint: "TYPE", about: "how values for gradients are kept: f32, or f16 in half the memory" },
    of: ["f32", "f16"],
    apply: (recipe, activations) => ({ ...recipe, activations: activations as "f32" | "f16" }),
  },
};

/**
 * A recipe with some values changed.
 *
 * @param given Texts by name; names that are in neither `recipeChanges` nor `recipeChoices` are left alone.
 * @throws {RecipeError} If a text is no such number or choice, or there is nothing of that name in the method.
 */
export function changedRecipe<R extends Recipe>(
  base: R,
  given: Readonly<Record<string, string | undefined>>,
): R {
  let recipe: Recipe = base;
  const known = (name: string, changed: Recipe | undefined): Recipe => {
    if (changed) return changed;
    throw new RecipeError(
      `--${name} is "${given[name]}", which ${base.method} has no place for: leave it out`,
    );
  };
  for (const [name, change] of Object.entries(recipeChanges)) {
    const text = given[name];
    if (text === undefined) continue;
    recipe = known(name, change.apply(recipe, numberOf(name, text, change.least, change.most)));
  }
  for (const [name, choice] of Object.entries(recipeChoices)) {
    const text = given[name];
    if (text === undefined) continue;
    if (!choice.of.includes(text)) {
      throw new RecipeError(`--${name} is "${text}"; it takes ${choice.of.join(" or ")}`);
    }
    recipe = known(name, choice.apply(recipe, text));
  }
  return recipe as R; // no change makes another method of it
}

/**
 * @throws {RecipeError} If a text is no whole number from `least` on or, without `least`, no number above 0; or if it is
 *   above `most`.
 */
export function numberOf(
  name: string,
  text: string,
  least?: number,
  most = Number.POSITIVE_INFINITY,
): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const kind =
    least === undefined ? Number.isFinite(value) && value > 0 : Number.isSafeInteger(value) && value >= least;
  if (kind && value <= most) return value;
  const need = least === undefined ? "a number above 0" : `a whole number from ${least} on`;
  const bound = most === Number.POSITIVE_INFINITY ? "" : ` and at most ${most}`;
  throw new RecipeError(`--${name} is "${text}"; it takes ${need}${bound}`);
}

/** @throws {RecipeError} If the images cannot be learned from with this recipe; the message says what to change. */
export function checkRecipe(
  recipe: Recipe,
  images: { count: number; height: number; width: number; channels?: number },
): void {
  const { batch, epochs } = recipe;
  const { count, height, width, channels = 3 } = images;
  const shown = count === 1 ? "1 image is" : `${count} images are`;
  if (count < 2) throw new RecipeError(`${shown} too few to learn from: give at least 2`);
  if (batch > count) throw new RecipeError(`${shown} no batch of ${batch}: give --batch ${count} or less`);
  const problem = problemWith(recipe, { height, width, channels });
  if (problem !== null) throw new RecipeError(problem);
  if (epochs * Math.floor(count / batch) < 1)
    throw new RecipeError("there is no step to take: give more --epochs");
}
