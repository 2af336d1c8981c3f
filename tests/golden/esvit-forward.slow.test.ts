import { beforeAll, expect } from "vitest";
import { compile, configureDevice, key, type Tensor, valueAndGrad } from "../../mod.ts";
import { EsVitNetwork, loadWeights } from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { goldenTest } from "./golden-file.ts";
import type { SwinConfig } from "./swin-config.ts";
import { bySize } from "./trajectory.ts";
import { configOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

goldenTest("esvit/multicrop_forward", "EsViT: crops of two sizes through both heads", async (file) => {
  const { swin, head } = configOf<{
    swin: SwinConfig;
    head: { hidden: number; bottleneck: number; out: number };
  }>(file);
  const { dim: width, depths, heads, window, patch, img: imageSize } = swin;
  const network = new EsVitNetwork({
    ...{ key: key(0), width, depths, heads, window, patch, imageSize, projection: head },
  });
  const { model } = loadWeights(network, file.record("param."));
  const crops = bySize([0, 1, 2, 3].map((v) => file.tensor(`input.crop${v}`)));
  const step = compile(
    (net: EsVitNetwork, images: readonly Tensor[], probes: { view: Tensor; region: Tensor }) => {
      const { grads, aux } = valueAndGrad((of: EsVitNetwork) => {
        const { view, region, features, counts } = of.scores(images);
        const [a, b] = [view as Tensor, region as Tensor]; // few prototypes: scores as they are
        const loss = a.mul(probes.view).sum().add(b.mul(probes.region).sum());
        return { loss, aux: { loss, view_logits: a, region_logits: b, features, counts } };
      })(net);
      return { ...aux, grads };
    },
  );
  const probes = { view: file.tensor("input.probe_view"), region: file.tensor("input.probe_region") };
  const { loss, counts, grads, ...out } = step(model, crops, probes);
  await expectClose(loss, () => file.values("loss"), 5e-5);
  await expectClose(out, (path) => file.values(`out.${path}`), 5e-5);
  expect(counts).toEqual([...file.values("out.counts")]);
  await expectClose(grads, (path) => file.values(`grad.${path}`), 2e-4);
});
