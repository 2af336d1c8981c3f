import { concat, type Tensor } from "../../mod.ts";
import { DinoHead, type DinoHeadOptions, type HeadScores } from "../heads/dino-head.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import { SwinTransformer, type SwinTransformerOptions } from "../swin/swin.ts";
import type { RunOptions } from "../vit/vit.ts";

export interface EsVitNetworkOptions extends SwinTransformerOptions {
  /** Of both heads. */
  readonly projection?: Omit<DinoHeadOptions, "key" | "inFeatures">;
  /** Whether there is a head for regions; without it views alone are compared. Default true. */
  readonly regions?: boolean;
}

/**
 * A Swin transformer with a head for views and, if wanted, one for regions. Tensors are named as in EsViT's checkpoints, where the
 * heads stand beside the layers of the backbone (`head.mlp.0.weight`, `head_dense.mlp.0.weight`).
 *
 * Source: models/networks/esvit.ts. Paper: Li et al. 2022.
 */
export class EsVitNetwork extends SwinTransformer {
  readonly head: DinoHead;
  readonly head_dense: DinoHead | null;

  constructor({ projection, regions = true, ...options }: EsVitNetworkOptions) {
    const next = keyStream(options.key);
    super({ ...options, key: next() });
    this.head = new DinoHead({ ...projection, key: next(), inFeatures: this.width });
    this.head_dense = regions ? new DinoHead({ ...projection, key: next(), inFeatures: this.width }) : null;
  }

  /** Means of the regions, `f32[B, D]`: what is kept after training. */
  represent(images: Tensor): Tensor {
    return this.view(images);
  }

  /**
   * Scores of views and of regions of crops, crop by crop, and the regions that are matched.
   *
   * @param crops Batches of crops of one size each, `f32[R, C, H, H]`; each goes through the backbone by itself, all
   *   through the heads together.
   * @returns The scores, null where there is no head for them, the regions, and how many regions a crop of each size has.
   */
  scores(
    crops: readonly Tensor[],
    mode: Mode = evalMode,
    options: RunOptions = {},
  ): { view: HeadScores; region: HeadScores | null; features: Tensor; counts: number[] } {
    const regions = crops.map((images) => this.forward(images, mode, options));
    const features = concat(regions.map((x) => x.flatten(0, 1)));
    const views = concat(regions.map((x) => x.mean({ axis: 1 })));
    return {
      view: this.head.scores(views, mode),
      region: this.head_dense?.scores(features, mode) ?? null,
      features,
      counts: regions.map((x) => x.shape[1] as number),
    };
  }
}
