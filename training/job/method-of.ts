import { scatSimClrRecipe } from "../../data/augment/recipe.ts";
import { channelStatistics, type ImageSet } from "../../data/images.ts";
import { type ScatSimClrMethod, type ScatSimClrMethodOptions, scatSimClr } from "../methods/scatsimclr.ts";
import type { Recipe } from "./recipe.ts";

/** All that the method of a recipe is made from. */
export function methodOptions(recipe: Recipe, images: ImageSet): ScatSimClrMethodOptions {
  const { scales, angles, adapter, hidden, out, view, temperature, weightDecay, pretext } = recipe;
  const { height, width, channels } = images;
  return {
    model: {
      scattering: { J: scales, L: angles, shape: [height, width] },
      ...{ channels, adapter, out },
      ...(hidden === null ? {} : { hidden }),
    },
    statistics: recipe.statistics ?? usableStatistics(images),
    ...(view === null ? {} : { viewSize: [view, view] }),
    ...{ temperature, weightDecay, pretext },
    ...(recipe.views === "paper" ? { views: scatSimClrRecipe } : {}),
  };
}

export const methodOf = (recipe: Recipe, images: ImageSet): ScatSimClrMethod =>
  scatSimClr(methodOptions(recipe, images));

/** Those of the images; a channel that never changes is left as it is. */
function usableStatistics(images: ImageSet) {
  const { mean, std } = channelStatistics(images);
  return { mean, std: std.map((each) => (each > 1e-4 ? each : 1)) };
}
