import { concat, type Tensor } from "../../mod.ts";
import { DinoHead, type DinoHeadOptions, type HeadScores } from "../heads/dino-head.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import { type RunOptions, VisionTransformer, type VisionTransformerOptions } from "../vit/vit.ts";

export interface DinoNetworkOptions {
  readonly key: Tensor;
  readonly backbone: Omit<VisionTransformerOptions, "key" | "classToken" | "finalNorm">;
  readonly head?: Omit<DinoHeadOptions, "key" | "inFeatures">;
}

/**
 * A vision transformer and DINO's head on its class token. Tensors are named as in DINO's checkpoints
 * (`backbone.blocks.0.norm1.weight`, `head.mlp.0.weight`).
 *
 * Source: models/networks/dino.ts. Paper: Caron et al. 2021.
 */
export class DinoNetwork {
  readonly backbone: VisionTransformer;
  readonly head: DinoHead;

  constructor({ key, backbone, head }: DinoNetworkOptions) {
    const next = keyStream(key);
    this.backbone = new VisionTransformer({ ...backbone, key: next() });
    this.head = new DinoHead({ ...head, key: next(), inFeatures: backbone.width });
  }

  /** Class tokens behind the norm, `f32[B, D]`: what is kept after training. */
  represent(images: Tensor): Tensor {
    return this.backbone.firstToken(images);
  }

  /**
   * Scores of crops, crop by crop.
   *
   * @param crops Batches of crops of one size each, `f32[R, C, H, W]`; each goes through the backbone by itself, all
   *   through the head together.
   */
  scores(crops: readonly Tensor[], mode: Mode = evalMode, options: RunOptions = {}): HeadScores {
    const tokens = crops.map((images) => this.backbone.firstToken(images, mode, options));
    return this.head.scores(concat(tokens), mode);
  }
}
