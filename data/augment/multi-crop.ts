import { concat, foldIn, type Tensor } from "../../mod.ts";
import { type RandomViewOptions, randomView } from "./random-view.ts";
import { dinoRecipe, type MultiCropRecipe } from "./recipe.ts";

export interface MultiCropOptions {
  /** Rows and columns of the global views. Default: those of the images. */
  readonly globalSize?: RandomViewOptions["size"];
  /** Of the local ones. Default: 3 / 7 of the global ones, as 96 is of 224, rounded to whole pixels. */
  readonly localSize?: RandomViewOptions["size"];
  /** Default: `dinoRecipe()`. */
  readonly recipe?: MultiCropRecipe;
}

/** Views of a batch of B images, view by view: first all images as the first view shows them, and so on. */
export interface Crops {
  /** `f32[globals * B, C, H, W]` */
  readonly globals: Tensor;
  /** `f32[locals * B, C, h, w]`; null where the recipe has none. */
  readonly locals: Tensor | null;
}

/**
 * Global and local random views of each image, as DINO, SelfPatch and EsViT learn from, made on the device.
 *
 * @param images `f32[B, C, H, W]`, 0 to 1; other channels than 3 colours are changed as `randomView` does.
 * @param key Random key; each call wants its own.
 * @returns Views from 0 to 1, not normalised; `chunk` gives them apart.
 * @throws {ShapeError} If the images are not of that form.
 *
 * @example
 *   const { globals, locals } = multiCrop(images, key, { globalSize: [224, 224], localSize: [96, 96] });
 *   const [first, second] = globals.chunk(2);
 *
 * Source: data/augment/multi-crop.ts. Paper: Caron et al. 2021, section 3.1.
 */
export function multiCrop(images: Tensor, key: Tensor, options: MultiCropOptions = {}): Crops {
  const [, , rows = 0, columns = 0] = images.shape;
  const { globalSize = [rows, columns], recipe = dinoRecipe() } = options;
  const [height, width] = globalSize.map((side) => Math.max(1, Math.round((side * 3) / 7))) as [
    number,
    number,
  ];
  const { localSize = [height, width] } = options;
  const views = (part: MultiCropRecipe["globals"], number: number, size: readonly [number, number]) => {
    const repeated = concat(Array.from({ length: part.count }, () => images));
    return randomView(repeated, foldIn(key, number), { recipe: part.recipe, size });
  };
  return {
    globals: views(recipe.globals, 0, globalSize),
    locals: recipe.locals.count > 0 ? views(recipe.locals, 1, localSize) : null,
  };
}
