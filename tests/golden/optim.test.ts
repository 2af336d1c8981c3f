import { beforeAll, describe, expect } from "vitest";
import { mseLoss } from "../../losses/mod.ts";
import { compile, configureDevice, type Tensor, valueAndGrad } from "../../mod.ts";
import { adam, adamW } from "../../training/optim/adam.ts";
import { lars } from "../../training/optim/lars.ts";
import type { OptimiserState } from "../../training/optim/optimiser.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose, relativeDistance } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const row = (file: Golden, name: string, i: number): Float64Array => {
  const length = file
    .array(name)
    .shape.slice(1)
    .reduce((a, b) => a * b, 1);
  return file.values(name).subarray(i * length, (i + 1) * length);
};

interface Regression {
  W: Tensor;
  b: Tensor;
}

describe("golden optimisers", () => {
  for (const [name, optimiser] of [
    ["optim_adam_lr0.0003_wd1e-05", adam({ lr: 3e-4, weightDecay: 1e-5 })],
    ["optim_adam_lr0.01_wd0.01", adam({ lr: 0.01, weightDecay: 0.01 })],
    ["optim_adamw_lr0.01_wd0.01", adamW({ lr: 0.01, weightDecay: 0.01 })],
  ] as const) {
    goldenTest(`scatsimclr/${name}`, `ten steps of a regression, ${name}`, async (file) => {
      const loss = ({ W, b }: Regression, x: Tensor, y: Tensor) => mseLoss(x.matmul(W.transpose()).add(b), y);
      const update = compile((s: { params: Regression; adam: OptimiserState }, x: Tensor, y: Tensor) => {
        const { value, grads } = valueAndGrad(loss)(s.params, x, y);
        const { params, state } = optimiser.step(s.params, grads, s.adam);
        return { state: { params, adam: state }, loss: value, grads };
      });
      const at = (key: string, i: number) => file.tensor(key).take(i, { axis: 0 });
      const params = { W: at("W", 0), b: at("b", 0) };
      let state = { params, adam: optimiser.init(params) };
      for (let i = 0; i < 10; i++) {
        const out = update(state, at("X", i), at("Y", i));
        state = out.state;
        expect(relativeDistance(await out.loss.data(), row(file, "loss", i))).toBeLessThan(1e-6);
        await expectClose(out.grads, (path) => row(file, `grad_${path}`, i), 2e-6);
        await expectClose(state.params, (path) => row(file, path, i + 1), 1e-6);
      }
      expect(update.compilations).toBe(1);
    });
  }

  goldenTest("triplet/lars_trajectory", "LARS with momentum", async (file) => {
    const c = JSON.parse(file.metadata.config ?? "{}") as Record<string, number>;
    const optimiser = lars({
      lr: c.lr as number,
      momentum: c.momentum as number,
      weightDecay: c.weight_decay as number,
      trustCoefficient: c.eta as number,
    });
    let params = file.record("param/");
    let state = optimiser.init(params);
    for (let i = 0; i < (c.steps as number); i++) {
      ({ params, state } = optimiser.step(params, file.record(`input/grad${i}/`), state));
      await expectClose(params, (path) => file.values(`expect/step${i}/${path}`), 1e-6);
    }
  });
});
