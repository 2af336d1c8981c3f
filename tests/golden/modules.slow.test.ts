import { beforeAll, describe, expect } from "vitest";
import { concat, configureDevice, key, type Tensor, tensor, treeLeaves, valueAndGrad } from "../../mod.ts";
import {
  BatchNorm,
  Conv2d,
  DinoHead,
  GELU,
  GroupNorm,
  LayerNorm,
  loadWeights,
  type Module,
  MultiheadAttention,
  trainMode,
  WeightNormLinear,
} from "../../models/mod.ts";

import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const anyKey = key(0); // every weight comes from the files

/** Output and gradients of `sum(output * probe)`, for the tensors of the model and for the input. */
function withGradients<M>(
  model: M,
  x: Tensor,
  probe: Tensor,
  forward: (model: M, x: Tensor) => Tensor,
): { out: Tensor; model: M; x: Tensor } {
  const { grads, aux } = valueAndGrad((of: { model: M; x: Tensor }) => {
    const out = forward(of.model, of.x);
    return { loss: out.mul(probe).sum(), aux: out };
  })({ model, x });
  return { out: aux as Tensor, ...grads };
}

const forwardOf = (model: Module, x: Tensor): Tensor => model.forward(x);

/** Suggested by dino.md, section 11. */
const FORWARD = 5e-5;
const GRADIENT = 2e-4;

describe("golden layers of vision transformers", () => {
  goldenTest("vit/layers", "LayerNorm", async (file) => {
    const tensors = { weight: file.tensor("input.gamma"), bias: file.tensor("input.beta") };
    const { model } = loadWeights(new LayerNorm({ shape: 36, eps: 1e-6 }), tensors);
    const found = withGradients(model, file.tensor("input.x"), file.tensor("input.probe"), forwardOf);
    await expectClose(found.out, () => file.values("norm.out"), FORWARD);
    await expectClose(found.x, () => file.values("norm.grad_x"), GRADIENT);
    await expectClose(found.model, (path) => file.values(`norm.grad_${path}`), GRADIENT);
  });

  goldenTest("vit/layers", "GELU", async (file) => {
    const sweep = file.tensor("input.sweep");
    const found = withGradients(new GELU(), sweep, tensor([1]), forwardOf);
    await expectClose(found.out, () => file.values("gelu.out"), FORWARD);
    await expectClose(found.x, () => file.values("gelu.grad"), GRADIENT);
  });

  goldenTest("vit/layers", "patch embedding by a strided convolution", async (file) => {
    const options = { key: anyKey, inChannels: 3, outChannels: 10, kernelSize: 8, stride: 8 };
    const tensors = { weight: file.tensor("input.patch_weight"), bias: file.tensor("input.patch_bias") };
    const { model } = loadWeights(new Conv2d(options), tensors);
    const patches = (conv: Conv2d, image: Tensor) => {
      const out = conv.forward(image);
      return out.flatten(2).transpose();
    };
    const found = withGradients(model, file.tensor("input.image"), file.tensor("input.patch_probe"), patches);
    await expectClose(found.out, () => file.values("patch.out"), FORWARD);
    await expectClose(found.x, () => file.values("patch.grad_image"), GRADIENT);
    await expectClose(found.model, (path) => file.values(`patch.grad_${path}`), GRADIENT);
  });

  goldenTest("vit/layers", "weight-normalised linear layer", async (file) => {
    const layer = new WeightNormLinear({ key: anyKey, inFeatures: 36, outFeatures: 12, bias: false });
    const tensors = { weight_g: file.tensor("input.g"), weight_v: file.tensor("input.v") };
    const { model } = loadWeights(layer, tensors);
    const found = withGradients(model, file.tensor("input.x"), file.tensor("input.wn_probe"), forwardOf);
    await expectClose(found.out, () => file.values("weight_norm.out"), FORWARD);
    await expectClose(found.x, () => file.values("weight_norm.grad_x"), GRADIENT);
    const names: Record<string, string> = { weight_g: "grad_g", weight_v: "grad_v" };
    await expectClose(found.model, (path) => file.values(`weight_norm.${names[path]}`), GRADIENT);
  });
});

describe("golden models of layers", () => {
  goldenTest("dino/head", "projection head", async (file) => {
    const empty = new DinoHead({ key: anyKey, inFeatures: 36, hidden: 64, bottleneck: 32, out: 96 });
    const { model } = loadWeights(empty, file.record("param."));
    const x = file.tensor("input.x");
    const parts = {
      bottleneck: model.mlp.forward(x),
      unit: model.vectors(x),
      weight: model.last_layer.weight(),
    };
    await expectClose(parts, (path) => file.values(`out.${path}`), FORWARD);
    const found = withGradients(model, x, file.tensor("input.probe"), forwardOf);
    await expectClose(found.out, () => file.values("out.logits"), FORWARD);
    const loss = found.out.mul(file.tensor("input.probe")).sum();
    await expectClose(loss, () => file.values("loss"), FORWARD);
    await expectClose(found.x, () => file.values("grad_input.x"), GRADIENT);
    await expectClose(found.model, (path) => file.values(`grad.${path}`), GRADIENT);
  });

  goldenTest("selfdoc/attention", "attention of several heads: self, causal, cross", async (file) => {
    for (const kind of ["self", "self_causal", "cross"]) {
      const of = (name: string, what: string) => file.tensor(`param/att_${kind}.${name}.${what}`);
      const stack = (what: string) => concat([of("q", what), of("k", what), of("v", what)]);
      const { model } = loadWeights(new MultiheadAttention({ key: anyKey, width: 12, heads: 3 }), {
        in_proj_weight: stack("weight"),
        in_proj_bias: stack("bias"),
        "out_proj.weight": of("o", "weight"),
        "out_proj.bias": of("o", "bias"),
      });
      await checkAttention(file, kind, model);
    }
  });

  goldenTest("resnet/ops", "batch norm: training, two updates, evaluation", async (file) => {
    const config = JSON.parse(file.metadata.config ?? "{}") as Record<
      string,
      { eps: number; momentum: number }
    >;
    for (const name of ["bn_1d", "bn_2d", "bn_3d"]) {
      const x = file.tensor(`input/${name}.x`);
      const bare = new BatchNorm({ channels: x.shape[1] as number, ...config[name] });
      const { model, missing } = loadWeights(bare, file.record(`param/${name}.`));
      expect(missing).toEqual([]);
      const probe = file.tensor(`input/${name}.cot`);
      const mode = trainMode();
      const trained = withGradients(model, x, probe, (norm, input) => norm.forward(input, trainMode()));
      const evaluated = withGradients(model, x, probe, forwardOf);
      for (const [kind, found] of Object.entries({ train: trained, eval: evaluated })) {
        const prefix = `${name}_${kind}`;
        await expectClose(found.out, () => file.values(`output_${prefix}/y`), 1e-5);
        await expectClose(found.x, () => file.values(`grad_input_${prefix}/${name}.x`), 1e-5);
        const { weight, bias } = found.model;
        await expectClose({ weight, bias }, (path) => file.values(`grad_${prefix}/${name}.${path}`), 1e-5);
      }
      for (const [i, batch] of ["x", "x2"].entries()) {
        model.forward(file.tensor(`input/${name}.${batch}`), mode);
        const { running_mean, running_var } = mode.apply(model);
        const expected = (path: string) => file.values(`output_${name}_train/after${i + 1}/${name}.${path}`);
        await expectClose({ running_mean, running_var }, expected, 1e-5);
      }
    }
  });

  goldenTest("resnet/ops", "layer and group norm", async (file) => {
    for (const [name, bare] of [
      ["ln", new LayerNorm({ shape: 6, eps: 1e-6 })],
      ["gn", new GroupNorm({ groups: 2, channels: 6 })],
    ] as const) {
      const { model } = loadWeights<LayerNorm | GroupNorm>(bare, file.record(`param/${name}.`));
      const [x, probe] = [file.tensor(`input/${name}.x`), file.tensor(`input/${name}.cot`)];
      const found = withGradients(model, x, probe, forwardOf);
      await expectClose(found.out, () => file.values(`output_${name}/y`), 1e-5);
      await expectClose(found.x, () => file.values(`grad_input_${name}/${name}.x`), 1e-5);
      await expectClose(found.model, (path) => file.values(`grad_${name}/${name}.${path}`), 1e-5);
    }
  });
});

async function checkAttention(file: Golden, kind: string, attention: MultiheadAttention): Promise<void> {
  const inputs = { x: file.tensor(`input/x_${kind}`) };
  const context = kind === "cross" ? { y: file.tensor("input/y_cross") } : {};
  const probe = file.tensor(`input/cot_${kind}`);
  const keep = file.tensor(`input/mask_${kind}`).equal(1);
  const [batch, keys] = keep.shape;
  const options = {
    mask: keep.reshape([batch as number, 1, 1, keys as number]),
    causal: kind === "self_causal",
  };
  const { grads, aux } = valueAndGrad(
    (of: { attention: MultiheadAttention; inputs: { x: Tensor; y?: Tensor } }) => {
      const { x, y = x } = of.inputs;
      const { output, weights } = of.attention.attend(x, y, y, undefined, options);
      return { loss: output.mul(probe).sum(), aux: { y: output, probs: weights } };
    },
  )({ attention, inputs: { ...inputs, ...context } });
  await expectClose(aux, (path) => file.values(`output_${kind}/${path}`), 1e-5);
  await expectClose(grads.inputs, (path) => file.values(`grad_input_${kind}/${path}_${kind}`), 1e-4);
  const gradient = (name: string) => (what: string) =>
    file.values(`grad_${kind}/att_${kind}.${name}.${what}`);
  await expectClose(grads.attention.out_proj, gradient("o"), 1e-4);
  const weights = grads.attention.in_proj_weight.split(3);
  const values = (grads.attention.in_proj_bias as Tensor).split(3)[2];
  for (const [i, name] of ["q", "k", "v"].entries()) {
    await expectClose({ weight: weights[i] }, gradient(name), 1e-4);
  }
  // The bias of the keys shifts all scores of a query alike: its gradient is rounding noise around 0.
  await expectClose({ bias: values }, gradient("v"), 1e-4);
  // Without options for the single parts, self attention is one call.
  if (kind !== "cross") {
    const whole = attention.forward(inputs.x, undefined, options);
    await expectClose(whole, () => file.values(`output_${kind}/y`), 1e-5);
  }
  expect(treeLeaves(attention)).toHaveLength(4);
}
