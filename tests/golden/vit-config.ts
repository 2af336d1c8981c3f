import { key } from "../../mod.ts";
import { VisionTransformer } from "../../models/mod.ts";
import type { Golden } from "./golden-file.ts";

/** A transformer as the metadata of a golden file describe it. */
export interface VitConfig {
  readonly img: number;
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly mlp: number;
  /** False without class token and final norm. */
  readonly cls?: boolean;
}

export const configOf = <C>(file: Golden): C => JSON.parse(file.metadata.config ?? "{}") as C;

export const vitOf = (config: VitConfig, dropPath = 0): VisionTransformer =>
  new VisionTransformer({
    key: key(0), // every weight comes from the files
    width: config.dim,
    depth: config.depth,
    heads: config.heads,
    patch: config.patch,
    imageSize: config.img,
    mlpRatio: config.mlp,
    classToken: config.cls ?? true,
    finalNorm: config.cls ?? true,
    dropPath,
  });
