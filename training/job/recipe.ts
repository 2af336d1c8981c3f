import type { ChannelStatistics } from "../../data/images.ts";
import type { ResNetShape } from "../../models/resnet/resnet.ts";
import type { Adapter } from "../../models/scatsimclr/presets.ts";
import type { VitForm } from "../encoders/dino.ts";
import type { SwinForm } from "../encoders/esvit.ts";
import type { StartingWeights } from "../encoders/starting-weights.ts";

/**
 * Everything that can be set about learning and measuring; with a seed and the images it settles the result. `method`
 * tells what else there is to a recipe.
 */
export type Recipe = ScatSimClrRecipe | SimClrRecipe | DinoRecipe | SelfPatchRecipe | EsVitRecipe;

export type MethodName = Recipe["method"];

interface CommonRecipe {
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Learning rate at its highest. */
  readonly rate: number;
  /** How values that gradients need are stored; f32 if nothing is said. */
  readonly activations?: "f32" | "f16";
  /** How views are made: as in runs on small images, or with the strengths of the papers' code. */
  readonly views: "mild" | "paper";
  /** Known statistics of the channels; null: those of the training images. */
  readonly statistics: ChannelStatistics | null;
  /** Use the first so many images; null: all. */
  readonly firstTrain: number | null;
  readonly firstTest: number | null;
  /** Images are shrunk by whole factors while both sides stay at least this; null: never. */
  readonly side: number | null;
}

/** Learning by comparing two views of each image with those of all others. A cosine brings the rate from its start to 0. */
export interface ContrastiveRecipe extends CommonRecipe {
  readonly temperature: number;
  /** A task that is learned as well. */
  readonly pretext: "none" | "rotation" | "jigsaw";
  /** L2, added to the gradient. */
  readonly weightDecay: number;
  /** Rows and columns of the views; null: those of the images. */
  readonly view: number | null;
  /** Widths of the projection head; a null inner width is that of the representation. */
  readonly hidden: number | null;
  readonly out: number;
}

export interface ScatSimClrRecipe extends ContrastiveRecipe {
  readonly method: "scatsimclr";
  /** Scales and angles of the scattering transform. */
  readonly scales: number;
  readonly angles: number;
  readonly adapter: Adapter;
}

export interface SimClrRecipe extends ContrastiveRecipe {
  readonly method: "simclr";
  readonly network: ResNetShape;
}

/**
 * Learning to say of crops what a slower copy of the network says of large crops. The rate is that for 256 images a step, as
 * in the papers' code, and grows with the batch. Numbers of epochs are those of long runs; see `shortened`.
 */
export interface DistillationRecipe extends CommonRecipe {
  /** What the rate falls to. */
  readonly finalRate: number;
  /** Epochs in which the rate rises from 0. */
  readonly warmup: number;
  /** At the start, and what it tends to; of the weights themselves, beside the gradient. */
  readonly weightDecay: readonly [number, number];
  /** What the teacher keeps of itself in a step, at the start and what it tends to. */
  readonly momentum: readonly [number, number];
  readonly teacherTemperature: { readonly from: number; readonly to: number; readonly epochs: number };
  /** Longest gradient of a single tensor; null for no limit. */
  readonly clip: number | null;
  /** Epochs in which the prototypes stay as they are. */
  readonly freeze: number;
  /** Probability that a sample skips a branch of the last block. */
  readonly dropPath: number;
  readonly start: StartingWeights;
  readonly crops: CropRecipe;
  readonly head: { readonly hidden: number; readonly bottleneck: number; readonly out: number };
  /** So many blocks are computed again in the backward pass, to save memory. */
  readonly recompute: number;
}

/** Two large crops of each image and some small ones. */
export interface CropRecipe {
  /** Rows and columns; null: those of the images, and of small crops 3 / 7 of the large ones'. */
  readonly large: number | null;
  readonly small: number | null;
  /** Small crops of each image. */
  readonly count: number;
  /** Part of the image that crops show. */
  readonly largeArea: readonly [number, number];
  readonly smallArea: readonly [number, number];
}

export interface DinoRecipe extends DistillationRecipe {
  readonly method: "dino";
  readonly vit: VitForm;
}

export interface SelfPatchRecipe extends DistillationRecipe {
  readonly method: "selfpatch";
  readonly vit: VitForm;
  /** Prototypes of the patches. */
  readonly patchOut: number;
}

export interface EsVitRecipe extends DistillationRecipe {
  readonly method: "esvit";
  readonly swin: SwinForm;
}
