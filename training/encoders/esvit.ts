import { keyStream } from "../../models/nn/keys.ts";
import { SwinTransformer } from "../../models/swin/swin.ts";
import { behind, type EncoderKind } from "./kind.ts";
import { type StartingWeights, startedAs } from "./starting-weights.ts";

/** Sizes of a Swin transformer. */
export interface SwinForm {
  /** Of the first stage; each stage doubles it. */
  readonly width: number;
  /** Blocks and heads of each stage. */
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  /** Tokens along a side of a window. */
  readonly window: number;
  /** Side of a patch, in pixels. */
  readonly patch: number;
}

export interface EsVitForm {
  readonly method: "EsViT";
  readonly swin: SwinForm;
  /** Side of the images that windows are laid out for. */
  readonly imageSize: number;
  readonly start: StartingWeights;
}

/** Blocks whose mean tokens a linear classifier sees. */
const BLOCKS = 4;

/** The teacher without its heads, under the names of the published files: `layers.0.blocks.1.attn.qkv.weight`. */
export const esVitEncoder: EncoderKind<EsVitForm, SwinTransformer> = {
  make: ({ swin, imageSize, start }, { channels }, key) =>
    startedAs(start, new SwinTransformer({ ...swin, imageSize, channels, key: keyStream(key)() })),
  nameOf: (path) => (/^teacher\.(patch_embed|layers|norm)\./.test(path) ? behind("teacher.", path) : null),
  represent: (model, images) => model.view(images),
  probe: (model, images) => model.features(images, BLOCKS),
};
