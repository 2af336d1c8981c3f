import type { ImageSet } from "../../data/images.ts";
import { fitMemory } from "../methods/fit-memory.ts";
import { blocksOf, methodOf } from "./method-of.ts";
import type { Recipe } from "./recipe.ts";

/**
 * A recipe whose steps fit into so many bytes of device memory, if it can: transformers compute as few blocks as
 * possible again in the backward pass. Other recipes, whose batches can be cut instead, stay as they are.
 */
export function fittedToMemory(recipe: Recipe, images: ImageSet, bytes: number): Recipe {
  const blocks = blocksOf(recipe);
  if (blocks === 0) return recipe;
  const make = (recompute: number) => methodOf({ ...recipe, recompute } as Recipe, images);
  try {
    const { batch, activations } = recipe;
    const { recompute } = fitMemory(make, {
      bytes,
      blocks,
      batch,
      image: images,
      ...(activations && { activations }),
    });
    return { ...recipe, recompute } as Recipe;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ...recipe, recompute: blocks } as Recipe; // the run says what it takes
  }
}
