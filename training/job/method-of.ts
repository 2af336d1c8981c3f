import type { ViewRecipe } from "../../data/augment/recipe.ts";
import { type ChannelStatistics, channelStatistics, type ImageSet } from "../../data/images.ts";
import { saveWeights } from "../../models/nn/weights.ts";
import { describeEncoder, type Encoder, type EncoderDescription, encoderOfState } from "../encoder-file.ts";
import type { ImageForm } from "../encoders/kind.ts";
import type { Method } from "../method.ts";
import type { Schedule } from "../schedule.ts";
import { dinoJob } from "./methods/dino.ts";
import { esVitJob } from "./methods/esvit.ts";
import type { JobMethod } from "./methods/job-method.ts";
import { scatSimClrJob } from "./methods/scatsimclr.ts";
import { selfPatchJob } from "./methods/selfpatch.ts";
import { simClrJob } from "./methods/simclr.ts";
import type { MethodName, Recipe } from "./recipe.ts";

const methods: Readonly<Record<MethodName, JobMethod<Recipe, unknown>>> = {
  scatsimclr: scatSimClrJob,
  simclr: simClrJob,
  dino: dinoJob,
  selfpatch: selfPatchJob,
  esvit: esVitJob,
};

export const methodNames = Object.keys(methods) as MethodName[];

export const isMethod = (name: string): name is MethodName => Object.hasOwn(methods, name);

/** What the recipe learns with. */
export const methodOf = (recipe: Recipe, images: ImageSet): Method<unknown> =>
  methods[recipe.method].method(recipe, images, statisticsOf(recipe, images));

/** The learning rate of the recipe by step; null where the method knows it. */
export const rateOf = (recipe: Recipe, steps: number): Schedule | null =>
  methods[recipe.method].rate?.(recipe, steps) ?? null;

/** What will be said of the encoder that the recipe gives. */
export const descriptionOf = (
  recipe: Recipe,
  images: ImageSet,
  training: EncoderDescription["training"],
): EncoderDescription =>
  describeEncoder(methods[recipe.method].form(recipe, images), images, {
    statistics: statisticsOf(recipe, images),
    training,
  });

/** The encoder in a training state; it shares its tensors. */
export const encoderIn = (state: unknown, description: EncoderDescription): Encoder =>
  encoderOfState(saveWeights(state), description);

/** The part of a training state that is trained. */
export const learnedIn = ({ method }: Recipe, state: unknown): unknown => methods[method].learned(state);

/** How the recipe makes views, some of each kind. */
export const viewRecipes = (recipe: Recipe): readonly ViewRecipe[] => methods[recipe.method].views(recipe);

/** Blocks of the recipe's model that can be computed again in the backward pass. */
export const blocksOf = (recipe: Recipe): number => methods[recipe.method].blocks?.(recipe) ?? 0;

/** The model of a recipe in a few words. */
export const modelWords = (recipe: Recipe, images: ImageForm): string =>
  methods[recipe.method].words(recipe, images);

/** Why the recipe cannot learn from images of this form, and what to do; null if it can. */
export const problemWith = (recipe: Recipe, images: ImageForm): string | null =>
  methods[recipe.method].problem(recipe, images);

/** Those of the recipe, if it knows as many channels, or of the images; a channel that never changes is left as it is. */
function statisticsOf({ statistics }: Recipe, images: ImageSet): ChannelStatistics {
  if (statistics?.mean.length === images.channels) return statistics;
  const { mean, std } = channelStatistics(images);
  return { mean, std: std.map((each) => (each > 1e-4 ? each : 1)) };
}
