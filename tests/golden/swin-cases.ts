import { beforeAll, describe } from "vitest";
import { compile, configureDevice, type Tensor, valueAndGrad } from "../../mod.ts";
import { loadWeights, type SwinTransformer } from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";
import { type SwinConfig, swinOf } from "./swin-config.ts";
import { configOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** Suggested by dino.md, section 11. */
const FORWARD = 5e-5;
const GRADIENT = 2e-4;

const loaded = (file: Golden) => loadWeights(swinOf(configOf<SwinConfig>(file)), file.record("param.")).model;

/** Small Swin transformers against independent reference values: outputs, maps, features and gradients. */
export const swinCases = (names: readonly string[]) =>
  describe("golden Swin transformers", () => {
    for (const name of names) {
      goldenTest(name, `${name}: forward and backward`, async (file) => {
        const step = compile(
          (model: SwinTransformer, image: Tensor, probes: { region: Tensor; view: Tensor }) => {
            const { value, grads, aux } = valueAndGrad((of: { model: SwinTransformer; image: Tensor }) => {
              const region = of.model.forward(of.image);
              const view = region.mean({ axis: 1 });
              const loss = region.mul(probes.region).sum().add(view.mul(probes.view).sum());
              return { loss, aux: { region, view } };
            })({ model, image });
            return { loss: value, out: aux, ...grads };
          },
        );
        const probes = { region: file.tensor("input.probe_region"), view: file.tensor("input.probe_view") };
        const { loss, out, model, image } = step(loaded(file), file.tensor("input.image"), probes);
        await expectClose({ loss }, (path) => file.values(path), FORWARD);
        await expectClose(out, (path) => file.values(`out.${path}`), FORWARD);
        await expectClose(model, (path) => file.values(`grad.${path}`), GRADIENT);
        await expectClose(image, () => file.values("grad_input.image"), GRADIENT);
      });

      goldenTest(name, `${name}: blocks, maps and features`, async (file) => {
        const look = compile((model: SwinTransformer, image: Tensor) => {
          const block = model.blockOutputs(image);
          return {
            patch_tokens: model.patch_embed.forward(image),
            block,
            merged: merged(model, block),
            attn: block.map((_, i) => model.attention(image, i)),
            region: model.forward(image),
            view: model.view(image),
            feat_last1: model.features(image, 1),
            feat_last2: model.features(image, 2),
            feat_last3: model.features(image, 3),
            feat_last4: model.features(image, 4),
          };
        });
        const seen = look(loaded(file), file.tensor("input.image"));
        await expectClose(seen, (path) => file.values(`out.${path}`), FORWARD);
      });
    }
  });

/** What the next stage sees of the last block of each stage. */
function merged({ layers }: SwinTransformer, outputs: readonly Tensor[]): Tensor[] {
  let last = -1;
  return layers.flatMap(({ blocks, downsample }) => {
    last += blocks.length;
    return downsample ? [downsample.forward(outputs[last] as Tensor)] : [];
  });
}
