// Vision transformers of the published sizes, with weights that are hashes of their names.
import { beforeAll, describe, expect } from "vitest";
import { compile, configureDevice, type Tensor, treeLeaves } from "../../mod.ts";
import type { VisionTransformer } from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { goldenTest } from "./golden-file.ts";
import { hashedImage, withHashedWeights } from "./hashed-weights.ts";
import { configOf, type VitConfig, vitOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const TOLERANCE = 5e-5;

describe("golden published sizes", () => {
  for (const name of ["tiny", "small", "base"]) {
    goldenTest(`vit/full_vit_${name}_16`, `ViT ${name}, patches of 16`, async (file) => {
      const config = configOf<VitConfig & { sizes: number[]; salt: number }>(file);
      const model = withHashedWeights(vitOf(config), config.salt);
      const parameters = treeLeaves(model).reduce((sum, { value }) => sum + value.size, 0);
      expect(parameters).toBe(Number(file.metadata.parameter_count));
      for (const side of config.sizes) {
        const seen = look(model, hashedImage(side, config.salt));
        await expectClose(seen, (path) => file.values(`${path}.${side}`), TOLERANCE);
      }
    });
  }
});

const look = compile((model: VisionTransformer, image: Tensor) => {
  const before = model.blockOutputs(image);
  const last = before.length - 1;
  const tokens = model.forward(image).slice(0);
  const step = Math.floor((tokens.shape[0] as number) / 4);
  return {
    cls: tokens.slice(0),
    patches: tokens.slice([1, null, step]),
    last_attn_cls_row: model.attention(image, last).slice(0, null, 0),
  };
});
