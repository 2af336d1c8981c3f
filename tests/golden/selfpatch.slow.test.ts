// SelfPatch's networks against independent reference values: neighbours, both modes of aggregation, gradients.
import { beforeAll, describe, expect } from "vitest";
import { compile, configureDevice, type Tensor, valueAndGrad } from "../../mod.ts";
import { loadWeights, ringTable, similarNeighbours } from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";
import { type Networks, networksOf } from "./selfpatch-config.ts";
import { configOf, type VitConfig } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** Suggested by dino.md, section 11. */
const FORWARD = 5e-5;
const GRADIENT = 2e-4;

const loaded = (file: Golden): Networks =>
  loadWeights(networksOf(configOf<VitConfig>(file)), file.record("param.")).model;

describe("golden SelfPatch", () => {
  goldenTest("selfpatch/neighbours", "neighbours on a torus", async (file) => {
    for (const side of [3, 4, 6, 14]) {
      expect(ringTable(side).flat()).toEqual([...file.values(`ring.${side}`)]);
    }
    const cases = configOf<{ k: number }[]>(file);
    for (const [i, { k }] of cases.entries()) {
      const { similarity, top, index } = similarNeighbours(file.tensor(`select.${i}.x`), k);
      await expectClose(similarity, () => file.values(`select.${i}.similarity`), FORWARD);
      expect([...(await top.data())]).toEqual([...file.values(`select.${i}.top`)]);
      expect([...(await index.data())]).toEqual([...file.values(`select.${i}.index`)]);
    }
  });

  for (const name of ["selfpatch/forward_global", "selfpatch/forward_local"]) {
    for (const mode of ["student", "teacher"] as const) {
      goldenTest(name, `${name}: the ${mode}'s rows and gradients`, async (file) => {
        const step = compile((networks: Networks, image: Tensor, probe: Tensor) => {
          const { value, grads, aux } = valueAndGrad((of: { networks: Networks; image: Tensor }) => {
            const { backbone, ca_head } = of.networks;
            const out = ca_head[mode](backbone.forward(of.image));
            return { loss: out.mul(probe).sum(), aux: out };
          })({ networks, image });
          return { loss: value, out: aux as Tensor, ...grads };
        });
        const probe = file.tensor(`input.probe_${mode}`);
        const { loss, out, networks, image } = step(loaded(file), file.tensor("input.image"), probe);
        await expectClose(loss, () => file.values(`loss_${mode}`), FORWARD);
        await expectClose(out, () => file.values(`out.${mode}`), FORWARD);
        // The true gradient of the keys' biases is zero.
        await expectClose(networks, (path) => file.values(`${mode}.grad.${path}`), GRADIENT, 0.01);
        await expectClose(image, () => file.values(`${mode}.grad_input.image`), GRADIENT);
      });
    }

    goldenTest(name, `${name}: features, neighbours and maps`, async (file) => {
      const look = compile(({ backbone, ca_head }: Networks, image: Tensor) => {
        const features = backbone.forward(image);
        const { similarity, top, index } = similarNeighbours(features, 4);
        return {
          features,
          last_attn: backbone.attention(image),
          similarity,
          global_attn: ca_head.attention(features),
          local_attn: ca_head.localAttention(features, index),
          local_raw: ca_head.local(features, index),
          top,
          index,
        };
      });
      const { top, index, ...seen } = look(loaded(file), file.tensor("input.image"));
      await expectClose(seen, (path) => file.values(`out.${path}`), FORWARD);
      expect([...(await top.data())]).toEqual([...file.values("out.top")]);
      expect([...(await index.data())]).toEqual([...file.values("out.neighbour_index")]);
    });
  }
});
