import type { Tensor } from "../../../mod.ts";
import type { Aggregation } from "../../../models/selfpatch/aggregation.ts";
import { type SwinBlock, sideOf } from "../../../models/swin/block.ts";
import { SwinTransformer } from "../../../models/swin/swin.ts";
import { received } from "../../../models/swin/windows.ts";
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
 * Who takes from the patches in the maps of an encoder: the class token, the token that sums up the patches, or, where there
 * is no such token, all patches, in their mean (in Swin transformers the mean of a window's).
 */
export type MapKind = "class token" | "summary" | "patches";

/** The model if it has patches to look at, such as those of the methods DINO, SelfPatch and EsViT; else null. */
export function patchEncoder(model: object): PatchEncoder | null {
  if (model instanceof VisionTransformer || model instanceof SwinTransformer) return model;
  const { backbone } = model as { backbone?: object };
  if (!(backbone instanceof VisionTransformer)) return null;
  return "ca_head" in model ? (model as SummedPatches) : backbone;
}

export function mapKind(model: PatchEncoder): MapKind {
  if (model instanceof SwinTransformer) return "patches";
  if (model instanceof VisionTransformer) return model.cls_token ? "class token" : "patches";
  return "summary";
}

/** Rows and columns of the patches of images. */
export function gridOf(model: PatchEncoder, images: Tensor): [rows: number, columns: number] {
  if (model instanceof SwinTransformer) {
    const side = sideOf(model.forward(images));
    return [side, side];
  }
  return (model instanceof VisionTransformer ? model : model.backbone).patch_embed.grid(images);
}

/**
 * Where an encoder looks in images, and what it makes of each patch.
 *
 * @param images `f32[B, C, H, W]` with normalised channels; square ones for Swin transformers.
 * @returns `maps`, `f32[B, heads, N]`: of the last attention how much is taken from each patch, a map for each head; see
 *   `mapKind`. `patches`, `f32[B, N, D]`: the features of the patches, row by row.
 *
 * Source: training/evaluate/dense/look.ts. Papers: Caron et al. 2021, figure 1; Yun et al. 2022; Li et al. 2022.
 */
export function lookAt(model: PatchEncoder, images: Tensor): { maps: Tensor; patches: Tensor } {
  if (model instanceof SwinTransformer) {
    const patches = model.forward(images);
    const last = model.layers.at(-1)?.blocks.at(-1) as SwinBlock;
    return { maps: received(model.attention(images), sideOf(patches), last), patches };
  }
  if (!(model instanceof VisionTransformer)) {
    const patches = model.backbone.forward(images);
    const last = model.ca_head.attention(patches).at(-1) as Tensor;
    return { maps: last.slice(null, null, 0, [1]), patches };
  }
  const patches = patchTokens(model, model.forward(images));
  const attention = model.attention(images);
  return {
    maps: model.cls_token ? attention.slice(null, null, 0, [1]) : attention.mean({ axis: 2 }),
    patches,
  };
}
