import { normalize, type Tensor } from "../../../mod.ts";
import type { Aggregation } from "../../../models/selfpatch/aggregation.ts";
import { SwinTransformer } from "../../../models/swin/swin.ts";
import { patchTokens } from "../../../models/vit/features.ts";
import { VisionTransformer } from "../../../models/vit/vit.ts";

/** A backbone with the module that sums up its patches, as SelfPatch has it. */
export interface SummedPatches {
  readonly backbone: VisionTransformer;
  readonly ca_head: Aggregation;
}

/** An encoder with a feature for each patch of an image. */
export type PatchEncoder = VisionTransformer | SwinTransformer | SummedPatches;

/**
 * What the maps of an encoder are: how much the class token takes from each patch, how much the token that sums up the
 * patches does, or, where there is no such token, how much each patch resembles the mean of all.
 */
export type MapKind = "class token" | "summary" | "mean";

/** The model if it has patches to look at, such as those of the methods DINO, SelfPatch and EsViT; else null. */
export function patchEncoder(model: object): PatchEncoder | null {
  if (model instanceof VisionTransformer || model instanceof SwinTransformer) return model;
  const { backbone } = model as { backbone?: object };
  if (!(backbone instanceof VisionTransformer)) return null;
  return "ca_head" in model ? (model as SummedPatches) : backbone;
}

export function mapKind(model: PatchEncoder): MapKind {
  if (model instanceof SwinTransformer) return "mean";
  if (model instanceof VisionTransformer) return model.cls_token ? "class token" : "mean";
  return "summary";
}

/** Rows and columns of the patches of images. */
export function gridOf(model: PatchEncoder, images: Tensor): [rows: number, columns: number] {
  if (model instanceof SwinTransformer) {
    const side = Math.sqrt(model.forward(images).shape[1] as number);
    return [side, side];
  }
  return (model instanceof VisionTransformer ? model : model.backbone).patch_embed.grid(images);
}

/**
 * Where an encoder looks in images, and what it makes of each patch.
 *
 * @param images `f32[B, C, H, W]` with normalised channels; square ones for Swin transformers.
 * @returns `maps`, `f32[B, M, N]`: of the last attention a map for each head, or a single map of cosines, 0 where they are
 *   below; see `mapKind`. `patches`, `f32[B, N, D]`: the features of the patches, row by row.
 *
 * Source: training/evaluate/dense/look.ts. Papers: Caron et al. 2021, figure 1; Yun et al. 2022; Li et al. 2022.
 */
export function lookAt(model: PatchEncoder, images: Tensor): { maps: Tensor; patches: Tensor } {
  if (model instanceof SwinTransformer) return likeTheMean(model.forward(images));
  if (!(model instanceof VisionTransformer)) {
    const patches = model.backbone.forward(images);
    const last = model.ca_head.attention(patches).at(-1) as Tensor;
    return { maps: last.slice(null, null, 0, [1]), patches };
  }
  const patches = patchTokens(model, model.forward(images));
  if (!model.cls_token) return likeTheMean(patches);
  return { maps: model.attention(images).slice(null, null, 0, [1]), patches };
}

function likeTheMean(patches: Tensor): { maps: Tensor; patches: Tensor } {
  const unit = (x: Tensor) => normalize(x, { axis: -1, eps: 1e-12 });
  const mean = unit(patches.mean({ axis: 1, keepDims: true }));
  const cosines = unit(patches).mul(mean).sum({ axis: -1 });
  return { maps: cosines.clip({ min: 0 }).unsqueeze(1), patches };
}
