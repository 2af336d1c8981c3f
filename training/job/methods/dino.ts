import type { DinoNetwork } from "../../../models/networks/dino.ts";
import type { VitForm } from "../../encoders/dino.ts";
import type { ImageForm } from "../../encoders/kind.ts";
import { dino } from "../../methods/dino.ts";
import type { SelfDistillationState } from "../../methods/self-distillation.ts";
import type { DinoRecipe, SelfPatchRecipe } from "../recipe.ts";
import {
  cropProblem,
  cropsShown,
  cropWords,
  distillationOptions,
  layoutSide,
  studentOf,
} from "./distillation.ts";
import type { JobMethod } from "./job-method.ts";

export const dinoJob: JobMethod<DinoRecipe, SelfDistillationState<DinoNetwork>> = {
  method: (recipe, images, statistics) =>
    dino({
      ...distillationOptions(recipe, images, statistics),
      network: { backbone: backboneOf(recipe, images), head: recipe.head },
    }),
  form: (recipe, images) => ({
    method: "DINO",
    vit: recipe.vit,
    imageSize: layoutSide(recipe, images),
    start: recipe.start,
  }),
  views: cropsShown,
  learned: studentOf,
  blocks: ({ vit }) => vit.depth,
  words: (recipe, images) => `DINO: ${vitWords(recipe.vit)}, ${cropWords(recipe, images)}`,
  problem: (recipe, images) => headsProblem(recipe.vit) ?? cropProblem(recipe, images, recipe.vit),
};

export function backboneOf(recipe: DinoRecipe | SelfPatchRecipe, images: ImageForm) {
  const { vit, dropPath } = recipe;
  return { ...vit, dropPath, imageSize: layoutSide(recipe, images), channels: images.channels };
}

export const vitWords = ({ width, depth, heads, patch }: VitForm): string =>
  `vision transformer of width ${width}, ${depth} blocks, ${heads} heads, patches of ${patch}`;

export const headsProblem = ({ width, heads }: VitForm): string | null =>
  width % heads === 0
    ? null
    : `a width of ${width} does not fall into ${heads} heads: give another --width or --heads`;
