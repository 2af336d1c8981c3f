// SelfPatch at the published size, with weights that are hashes of their names.
import { beforeAll, describe, expect } from "vitest";
import { compile, configureDevice, type Tensor, treeLeaves } from "../../mod.ts";
import { similarNeighbours } from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { goldenTest } from "./golden-file.ts";
import { hashedImage, withHashedWeights } from "./hashed-weights.ts";
import { type Networks, networksOf } from "./selfpatch-config.ts";
import { configOf, type VitConfig } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const FORWARD = 5e-5;

describe("golden published sizes", () => {
  for (const side of [224, 96]) {
    goldenTest("selfpatch/full_selfpatch_small_16", `SelfPatch, images of ${side}`, async (file) => {
      const config = configOf<VitConfig & { salt: number; k: number }>(file);
      const networks = withHashedWeights(networksOf(config), config.salt);
      const parameters = treeLeaves(networks).reduce((sum, { value }) => sum + value.size, 0);
      expect(parameters).toBe(Number(file.metadata.parameter_count));
      const look = compile(({ backbone, ca_head }: Networks, image: Tensor) => {
        const features = backbone.forward(image);
        const step = Math.floor((features.shape[1] as number) / 6);
        return {
          features: features.slice(0, [null, null, step]),
          student: ca_head.student(features).slice(0, [0, 2]),
          teacher: ca_head.teacher(features, config.k).slice(0, [null, null, step]),
          similarity: similarNeighbours(features, config.k).similarity.slice(0),
        };
      });
      const seen = look(networks, hashedImage(side, config.salt));
      await expectClose(seen, (path) => file.values(`${path}.${side}`), FORWARD);
    });
  }
});
