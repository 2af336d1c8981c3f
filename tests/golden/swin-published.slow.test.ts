// Swin transformers of the published sizes, with weights that are hashes of their names.
import { beforeAll, describe, expect } from "vitest";
import { compile, configureDevice, type Tensor, treeLeaves } from "../../mod.ts";
import type { SwinTransformer } from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { goldenTest } from "./golden-file.ts";
import { hashedImage, withHashedWeights } from "./hashed-weights.ts";
import { type SwinConfig, swinOf } from "./swin-config.ts";
import { configOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const TOLERANCE = 5e-5;

describe("golden published sizes", () => {
  for (const [name, side] of [
    ["tiny", 224],
    ["tiny", 96],
    ["small", 96],
  ] as const) {
    goldenTest(`swin/full_swin_${name}_w7`, `Swin ${name}, windows of 7, images of ${side}`, async (file) => {
      const config = configOf<SwinConfig & { salt: number }>(file);
      const model = withHashedWeights(swinOf(config), config.salt);
      const parameters = treeLeaves(model).reduce((sum, { value }) => sum + value.size, 0);
      expect(parameters).toBe(Number(file.metadata.parameter_count));
      const seen = look(model, hashedImage(side, config.salt));
      await expectClose(seen, (path) => file.values(`${path}.${side}`), TOLERANCE);
    });
  }
});

const look = compile((model: SwinTransformer, image: Tensor) => {
  const regions = model.forward(image).slice(0);
  const step = Math.max(1, Math.floor((regions.shape[0] as number) / 7));
  const map = model.attention(image).slice(0, 0);
  return {
    view: model.view(image).slice(0),
    region: regions.slice([null, null, step]),
    feat_last4: model.features(image).slice(0),
    last_attn: map.slice(null, Math.floor((map.shape[1] as number) / 2)),
  };
});
