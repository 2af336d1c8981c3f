import type { SelfPatchNetwork } from "../../../models/networks/selfpatch.ts";
import type { SelfDistillationState } from "../../methods/self-distillation.ts";
import { selfPatch } from "../../methods/selfpatch.ts";
import type { SelfPatchRecipe } from "../recipe.ts";
import { backboneOf, headsProblem, vitWords } from "./dino.ts";
import {
  cropProblem,
  cropsShown,
  cropWords,
  distillationOptions,
  layoutSide,
  studentOf,
} from "./distillation.ts";
import type { JobMethod } from "./job-method.ts";

/** Patches along a side that a ring of neighbours needs. */
const RING = 3;

export const selfPatchJob: JobMethod<SelfPatchRecipe, SelfDistillationState<SelfPatchNetwork>> = {
  method: (recipe, images, statistics) =>
    selfPatch({
      ...distillationOptions(recipe, images, statistics),
      network: { backbone: backboneOf(recipe, images), head: recipe.head, patchOut: recipe.patchOut },
    }),
  form: (recipe, images) => ({
    method: "SelfPatch",
    vit: recipe.vit,
    imageSize: layoutSide(recipe, images),
    start: recipe.start,
  }),
  views: cropsShown,
  learned: studentOf,
  blocks: ({ vit }) => vit.depth,
  words: (recipe, images) =>
    `SelfPatch: ${vitWords(recipe.vit)}, ${cropWords(recipe, images)}, ${recipe.patchOut} prototypes of patches`,
  problem: (recipe, images) =>
    headsProblem(recipe.vit) ?? cropProblem(recipe, images, { patch: recipe.vit.patch, least: RING }),
};
