import { concat } from "../../mod.ts";
import { SelfPatchEncoder } from "../../models/networks/selfpatch.ts";
import type { VitForm } from "./dino.ts";
import { behind, type EncoderKind } from "./kind.ts";
import { type StartingWeights, startedAs } from "./starting-weights.ts";

export interface SelfPatchForm {
  readonly method: "SelfPatch";
  readonly vit: VitForm;
  /** Side of the images that positions are stored for. */
  readonly imageSize: number;
  readonly start: StartingWeights;
}

/** Blocks whose mean patches a linear classifier sees. */
const BLOCKS = 4;

/**
 * The teacher's backbone and the module that sums up its patches, under the names of the published files
 * (`backbone.blocks.0.attn.qkv.weight`, `ca_head.cls_token`). The paper measures dense tasks alone; here the summary stands
 * for the class token, which this backbone lacks.
 */
export const selfPatchEncoder: EncoderKind<SelfPatchForm, SelfPatchEncoder> = {
  make: ({ vit, imageSize, start }, { channels }, key) =>
    startedAs(start, new SelfPatchEncoder({ key, backbone: { ...vit, imageSize, channels } })),
  nameOf: (path) => (/^teacher\.(backbone|ca_head)\./.test(path) ? behind("teacher.", path) : null),
  represent: (model, images) => model.represent(images),
  probe: (model, images) => {
    const outputs = model.backbone.blockOutputs(images);
    const means = outputs.slice(-BLOCKS).map((x) => x.mean({ axis: 1 }));
    return concat([model.summary(outputs.at(-1) as (typeof outputs)[number]), ...means], { axis: -1 });
  },
};
