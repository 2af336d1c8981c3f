import { key } from "../../mod.ts";
import { SwinTransformer } from "../../models/mod.ts";

/** A Swin transformer as the metadata of a golden file describe it. */
export interface SwinConfig {
  readonly img: number;
  readonly patch: number;
  readonly dim: number;
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  readonly window: number;
  readonly mlp: number;
}

export const swinOf = (config: SwinConfig): SwinTransformer =>
  new SwinTransformer({
    key: key(0), // every weight comes from the files
    width: config.dim,
    depths: config.depths,
    heads: config.heads,
    window: config.window,
    patch: config.patch,
    imageSize: config.img,
    mlpRatio: config.mlp,
  });
