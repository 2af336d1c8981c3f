import { beforeAll, describe, expect, test } from "vitest";
import { crossEntropy } from "../../losses/mod.ts";
import { concat, configureDevice, key, type Tensor, treeLeaves, valueAndGrad } from "../../mod.ts";
import {
  evalMode,
  isTrainable,
  loadWeights,
  ReversibleBlock,
  RevisitedResNet,
  trainMode,
  transition,
  Vgg,
} from "../../models/mod.ts";
import { expectClose, relativeDistance } from "../golden/closeness.ts";
import { type Golden, goldenTest } from "../golden/golden-file.ts";
import { compareStep } from "../golden/step.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

interface Config {
  readonly mode: "v1" | "v2" | "rev";
  readonly layers: readonly number[];
  readonly strides: readonly number[];
  readonly width: number;
  readonly root: readonly [number, number];
  readonly pool: boolean;
  readonly nclass: number;
  readonly last_relu?: boolean;
  readonly planes: readonly number[];
  readonly fc: number;
  readonly spatial: number;
}

const configOf = (golden: Golden) => JSON.parse(golden.metadata.config as string) as Config;

describe("one training step of the reference", () => {
  for (const name of ["rs_v1", "rs_v2", "rs_v2_norelu", "revnet"]) {
    goldenTest(`resnet/${name}`, name, async (golden) => {
      const { mode, layers, strides, width, root, pool, nclass, last_relu } = configOf(golden);
      const blank = new RevisitedResNet({
        key: key(0),
        kind: mode === "rev" ? "reversible" : mode,
        blocks: layers,
        strides,
        width,
        root: { kernelSize: root[0], stride: root[1], pool },
        classes: nclass,
        lastRelu: last_relu ?? true,
      });
      await compareStep(golden, {
        blank,
        run: (model, images, mode) => {
          const { logits, taps } = model.forward(images, mode);
          const named = Object.entries(taps).map(([tap, x]) => [`tap/${tap}`, x]);
          const loss = crossEntropy(logits, golden.tensor("input/labels"));
          return { loss, logits, ...Object.fromEntries(named) };
        },
      });
    });
  }

  goldenTest("resnet/vgg_bn", "vgg_bn", async (golden) => {
    const { planes, layers, fc, spatial, nclass } = configOf(golden);
    const stacks = planes.map((width, i) => ({ width, convolutions: layers[i] as number }));
    await compareStep(golden, {
      blank: new Vgg({ key: key(0), stacks, spatial, hidden: fc, classes: nclass }),
      run: (model, images, mode) => {
        const { logits } = model.forward(images, mode);
        return { loss: crossEntropy(logits, golden.tensor("input/labels")), logits };
      },
    });
  });
});

goldenTest("resnet/rev_block", "a reversible block forwards, backwards and undone", async (golden) => {
  const blank = new ReversibleBlock({ key: key(0), channels: 8 });
  const { model } = loadWeights(blank, golden.record("param/"));
  const [x, w] = [golden.tensor("input/x"), golden.tensor("input/w")];
  for (const side of ["train", "eval"] as const) {
    const mode = () => (side === "train" ? trainMode() : evalMode);
    const { value, grads, aux } = valueAndGrad((of: { model: ReversibleBlock; x: Tensor }) => {
      const y = of.model.forward(of.x, mode());
      return { loss: y.mul(w).sum(), aux: y };
    })({ model, x });
    expect(relativeDistance(await aux.data(), golden.values(`output_${side}/y`))).toBeLessThan(1e-5);
    await expectClose(value, () => golden.values(`output_${side}/loss`), 1e-5);
    const back = await model.inverse(aux, mode()).data();
    for (const given of ["input/x", `output_${side}/x_reconstructed`])
      expect(relativeDistance(back, golden.values(given))).toBeLessThan(1e-5);
    expect(relativeDistance(await grads.x.data(), golden.values(`grad_input_${side}/x`))).toBeLessThan(5e-5);
    const learned = Object.fromEntries(
      treeLeaves(grads.model).flatMap(({ path, value }) => (isTrainable(path) ? [[path, value]] : [])),
    );
    const gradientOf = (path: string) => golden.values(`grad_${side}/${path}`);
    await expectClose(
      Object.values(learned),
      (i) => gradientOf(Object.keys(learned)[Number(i)] as string),
      2e-4,
    );
  }
  const { value, grads, aux } = valueAndGrad((image: Tensor) => {
    const y = transition(image);
    const [, , rows = 0, columns = 0] = y.shape;
    const weight = concat([w, w], { axis: 1 }).slice(null, null, [0, rows], [0, columns]);
    return { loss: y.mul(weight).sum(), aux: y };
  })(x);
  await expectClose(aux, () => golden.values("output_transition/y"), 1e-6);
  await expectClose(value, () => golden.values("output_transition/loss"), 1e-5);
  await expectClose(grads, () => golden.values("grad_input_transition/x"), 1e-6);
});

test.each([
  ["v1", 23_508_032],
  ["v2", 23_500_352],
  ["reversible", 5_408_640],
] as const)("the trunk of %s at its ordinary width has as many parameters as the paper's", (kind, count) => {
  const model = new RevisitedResNet({
    key: key(0),
    kind,
    blocks: [3, 4, 6, 3],
    strides: [1, 2, 2, 2],
    width: 64,
    root: { kernelSize: 7, stride: 2, pool: true },
    classes: 10,
  });
  const trunk = treeLeaves(model).filter(({ path }) => isTrainable(path) && !path.startsWith("logits"));
  expect(trunk.reduce((sum, { value }) => sum + value.size, 0)).toBe(count);
});
