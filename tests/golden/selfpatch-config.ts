import { key } from "../../mod.ts";
import { Aggregation, type VisionTransformer } from "../../models/mod.ts";
import { type VitConfig, vitOf } from "./vit-config.ts";

/** What SelfPatch keeps after training, and what sums up its patches. */
export interface Networks {
  readonly backbone: VisionTransformer;
  readonly ca_head: Aggregation;
}

export const networksOf = (config: VitConfig): Networks => ({
  backbone: vitOf(config),
  ca_head: new Aggregation({ key: key(0), width: config.dim, heads: config.heads }),
});
