import { concat, foldIn, type Tensor } from "../../mod.ts";
import { DinoHead, type DinoHeadOptions, type HeadScores } from "../heads/dino-head.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import { Aggregation } from "../selfpatch/aggregation.ts";
import { type RunOptions, VisionTransformer, type VisionTransformerOptions } from "../vit/vit.ts";

export interface SelfPatchNetworkOptions {
  readonly key: Tensor;
  readonly backbone: Omit<VisionTransformerOptions, "key" | "classToken" | "finalNorm">;
  readonly head?: Omit<DinoHeadOptions, "key" | "inFeatures">;
  /** Prototypes of the patches. Default 4096. */
  readonly patchOut?: number;
}

/**
 * What is kept of SelfPatch's networks: a vision transformer without class token and final norm, and the module that sums up
 * its patches. Tensors are named as in SelfPatch's checkpoints (`ca_head.cls_token`).
 *
 * Source: models/networks/selfpatch.ts. Paper: Yun et al. 2022.
 */
export class SelfPatchEncoder {
  readonly backbone: VisionTransformer;
  readonly ca_head: Aggregation;

  constructor({ key, backbone }: Pick<SelfPatchNetworkOptions, "key" | "backbone">) {
    const next = keyStream(key);
    this.backbone = new VisionTransformer({ ...backbone, key: next(), classToken: false, finalNorm: false });
    this.ca_head = new Aggregation({ key: next(), width: backbone.width, heads: backbone.heads });
  }

  /** Summaries of images behind the norm, `f32[B, D]`: the place of the class token that the backbone lacks. */
  represent(images: Tensor): Tensor {
    return this.summary(this.backbone.forward(images));
  }

  /** The same of patches `f32[B, N, D]`, as the backbone gives them. */
  summary(patches: Tensor): Tensor {
    return this.ca_head.norm.forward(this.ca_head.summary(patches)).squeeze(1);
  }
}

/** SelfPatch's networks: what is kept, and a head each for summaries and for patches. */
export class SelfPatchNetwork extends SelfPatchEncoder {
  readonly c_head: DinoHead;
  readonly p_head: DinoHead;

  constructor({ key, backbone, head, patchOut = 4096 }: SelfPatchNetworkOptions) {
    super({ key, backbone });
    const inFeatures = backbone.width;
    this.c_head = new DinoHead({ ...head, key: foldIn(key, 2), inFeatures });
    this.p_head = new DinoHead({ ...head, key: foldIn(key, 3), inFeatures, out: patchOut });
  }

  /**
   * Scores of summaries and of patches of crops, crop by crop.
   *
   * @param crops Batches of crops of one size each, `f32[R, C, H, W]`; each goes through backbone and aggregation by
   *   itself, all through the heads together.
   * @param options.neighbours For the teacher: patches stand for so many of the patches around them.
   * @returns The scores, and how many patches a crop of each size has.
   */
  scores(
    crops: readonly Tensor[],
    mode: Mode = evalMode,
    options: RunOptions & { neighbours?: number } = {},
  ): { class: HeadScores; patch: HeadScores; counts: number[] } {
    const { neighbours } = options;
    const rows = crops.map((images) => {
      const patches = this.backbone.forward(images, mode, options);
      return neighbours === undefined
        ? this.ca_head.student(patches)
        : this.ca_head.teacher(patches, neighbours, this.backbone.patch_embed.grid(images));
    });
    const summaries = rows.map((x) => x.slice(null, 0));
    const patches = rows.map((x) => x.slice(null, [1]).flatten(0, 1));
    return {
      class: this.c_head.scores(concat(summaries), mode),
      patch: this.p_head.scores(concat(patches), mode),
      counts: rows.map((x) => (x.shape[1] as number) - 1),
    };
  }
}
