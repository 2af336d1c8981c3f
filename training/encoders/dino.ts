import { keyStream } from "../../models/nn/keys.ts";
import { classAndMean, classToken, lastClassTokens } from "../../models/vit/features.ts";
import { VisionTransformer } from "../../models/vit/vit.ts";
import { behind, type EncoderKind } from "./kind.ts";
import { type StartingWeights, startedAs } from "./starting-weights.ts";

/** Sizes of a vision transformer. */
export interface VitForm {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Side of a patch, in pixels. */
  readonly patch: number;
}

export interface DinoForm {
  readonly method: "DINO";
  readonly vit: VitForm;
  /** Side of the images that positions are stored for. */
  readonly imageSize: number;
  readonly start: StartingWeights;
}

/** Blocks whose class tokens a linear classifier sees, */
const BLOCKS = 4;
/** and the width from which on it sees the last class token and the mean patch in their place: that of ViT-B. */
const WIDE = 768;

/** The teacher's backbone, under the names of the published files: `blocks.0.attn.qkv.weight`. */
export const dinoEncoder: EncoderKind<DinoForm, VisionTransformer> = {
  make: ({ vit, imageSize, start }, { channels }, key) =>
    startedAs(start, new VisionTransformer({ ...vit, imageSize, channels, key: keyStream(key)() })),
  nameOf: (path) => behind("teacher.backbone.", path),
  represent: classToken,
  probe: (model, images) =>
    model.width >= WIDE ? classAndMean(model, images) : lastClassTokens(model, images, BLOCKS),
};
