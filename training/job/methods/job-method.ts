import type { ViewRecipe } from "../../../data/augment/recipe.ts";
import type { ChannelStatistics } from "../../../data/images.ts";
import type { ImageForm } from "../../encoders/kind.ts";
import type { EncoderForm } from "../../encoders/kinds.ts";
import type { Method } from "../../method.ts";
import type { Schedule } from "../../schedule.ts";

/** What the main job knows of a method: `R` is its recipe, `S` its training state. */
export interface JobMethod<R, S> {
  /** What it learns with. */
  method(recipe: R, images: ImageForm, statistics: ChannelStatistics): Method<S>;
  /** The form of the encoder that is kept. */
  form(recipe: R, images: ImageForm): EncoderForm;
  /** The learning rate, where the method has no schedule of its own. */
  rate?(recipe: R, steps: number): Schedule;
  /** How views are made, some of each kind that it learns from, as a report shows them. */
  views(recipe: R): readonly ViewRecipe[];
  /** The part of the state that is trained. */
  learned(state: S): unknown;
  /** Blocks that can be computed again in the backward pass. */
  blocks?(recipe: R): number;
  /** The model in a few words. */
  words(recipe: R, images: ImageForm): string;
  /** Why it cannot learn from images of this form, and what to do; null if it can. */
  problem(recipe: R, images: ImageForm): string | null;
}
