import type { FilterName } from "../../data/augment/filters.ts";
import { concat, foldIn, type Tensor } from "../../mod.ts";
import { type DropoutMasks, JigsawHead, type PretextHead, RotationHead } from "../../models/pretext/heads.ts";
import { jigsawLabels, jigsawTiles, shuffleTiles } from "./jigsaw.ts";
import { type Permutations, scatSimClrPermutations } from "./permutations.ts";
import { rotationLabels, rotations } from "./rotation.ts";

interface CommonOptions {
  /** Weight of the task's loss beside the contrastive one. Default 0.3. */
  readonly lambda?: number;
  /** Epochs without the task at the start. Default, as in the paper: 40 in runs of 100 epochs or more, else 0. */
  readonly warmupEpochs?: number;
  /**
   * What is rotated or cut up: the "images" (the default, as in the published code), or the two contrastive "views" of
   * each, as the paper has it.
   */
  readonly inputs?: "images" | "views";
  /** Widths of the head's hidden layers. Default: those of the published code. */
  readonly hidden?: readonly [number, number];
  /** Default 0.5. */
  readonly dropout?: number;
}

export interface RotationOptions extends CommonOptions {
  readonly task: "rotation";
}

export interface JigsawOptions extends CommonOptions {
  readonly task: "jigsaw";
  /** Default: the 35 of the published code. */
  readonly permutations?: Permutations;
  /** How tiles are resized. Default "bilinear", as in the code; the paper says "lanczos". */
  readonly filter?: FilterName;
  /** Whether tiles are normalised as views are; in the published code they are not. Default true. */
  readonly normalise?: boolean;
}

export type PretextOptions = RotationOptions | JigsawOptions;

/** The examples of a step. */
export interface PretextBatch {
  /** `f32[B * parts, C, h, w]`, image by image, 0 to 1. */
  readonly images: Tensor;
  /** `i32[rows]`: as many as there are logits. */
  readonly labels: Tensor;
  readonly masks: DropoutMasks;
}

export interface PretextSources {
  /** As they are, `f32[B, C, H, W]`. */
  readonly images: Tensor;
  /** Two views of each, `f32[B, C, h, w]`. */
  readonly views: readonly [Tensor, Tensor];
  /** A random view of each image of a batch, the size of the views. */
  readonly augment: (images: Tensor, key: Tensor) => Tensor;
  readonly key: Tensor;
}

/** A task that a model is trained with beside the contrastive one. */
export interface PretextTask {
  readonly options: PretextOptions;
  /** Whether its examples are normalised as views are. */
  readonly normalised: boolean;
  makeHead(key: Tensor, width: number): PretextHead;
  examples(head: PretextHead, sources: PretextSources): PretextBatch;
}

export function pretextTask(options: PretextOptions): PretextTask {
  const fromViews = options.inputs === "views";
  const { hidden, dropout } = options;
  const headOptions = {
    ...(hidden && { hidden }),
    ...(dropout !== undefined && { dropout }),
  };
  if (options.task === "rotation") {
    return {
      options,
      normalised: true,
      makeHead: (key, inFeatures) => new RotationHead({ key, inFeatures, ...headOptions }),
      examples(head, { images, views, augment, key }) {
        const turned = joined(rotations(fromViews ? bothViews(views) : images));
        const count = turned.shape[0] as number;
        return {
          images: fromViews ? turned : augment(turned, foldIn(key, 0)),
          labels: rotationLabels(count / 4),
          masks: head.masks(foldIn(key, 1), count / 4),
        };
      },
    };
  }
  const { permutations = scatSimClrPermutations, filter = "bilinear", normalise = true } = options;
  return {
    options,
    normalised: normalise,
    makeHead: (key, inFeatures) =>
      new JigsawHead({ key, inFeatures, classes: permutations.length, ...headOptions }),
    examples(head, { images, views, key }) {
      const source = fromViews ? bothViews(views) : images;
      const count = source.shape[0] as number;
      const labels = jigsawLabels(foldIn(key, 0), count, permutations);
      const tiles = shuffleTiles(jigsawTiles(source, { filter }), labels, permutations);
      return { images: joined(tiles), labels, masks: head.masks(foldIn(key, 1), count) };
    },
  };
}

/** Both views of an image behind each other, so that rows of one image stay together. */
const bothViews = ([first, second]: readonly [Tensor, Tensor]): Tensor =>
  joined(concat([first.unsqueeze(1), second.unsqueeze(1)], { axis: 1 }));

/** `[B, parts, ...]` as `[B * parts, ...]`. */
const joined = (x: Tensor): Tensor => x.reshape([-1, ...x.shape.slice(2)]);
