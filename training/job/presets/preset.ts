import type { Recipe } from "../recipe.ts";

/** A recipe with what it is for. */
export interface Preset {
  readonly recipe: Recipe;
  readonly about: string;
  /** Data set that it is meant for and started with; null: any images. */
  readonly data: string | null;
}
