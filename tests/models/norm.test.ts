import { beforeAll, describe, expect, test } from "vitest";
import {
  compile,
  configureDevice,
  key,
  normal,
  type Tensor,
  tensor,
  treeLeaves,
  valueAndGrad,
} from "../../mod.ts";
import { BatchNorm, evalMode, isTrainable, Linear, Sequential, trainMode } from "../../models/mod.ts";
import { adam, type OptimiserState } from "../../training/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const DATA = [
  [1, 10],
  [2, 30],
  [6, 20],
];

async function statistics(norm: BatchNorm): Promise<{ mean: number[]; variance: number[]; count: number }> {
  return {
    mean: [...(await norm.running_mean.data())],
    variance: [...(await norm.running_var.data())],
    count: await norm.num_batches_tracked.item(),
  };
}

describe("BatchNorm", () => {
  test("training: batch statistics, and running ones with the unbiased variance", async () => {
    const norm = new BatchNorm({ channels: 2 });
    const mode = trainMode();
    const out = await norm.forward(tensor(DATA), mode).data();
    // Means 3 and 20; biased variances 14/3 and 200/3, unbiased ones 7 and 100.
    expect(out[0]).toBeCloseTo(-2 / Math.sqrt(14 / 3 + 1e-5), 5);
    expect(out[3]).toBeCloseTo(10 / Math.sqrt(200 / 3 + 1e-5), 5);
    const after = await statistics(mode.apply(norm));
    [0.3, 2].forEach((v, i) => {
      expect(after.mean[i]).toBeCloseTo(v, 5);
    });
    [0.9 + 0.7, 0.9 + 10].forEach((v, i) => {
      expect(after.variance[i]).toBeCloseTo(v, 5);
    });
    expect(after.count).toBe(1);
    expect(await statistics(norm)).toEqual({ mean: [0, 0], variance: [1, 1], count: 0 });
  });

  test("several passes in one mode follow each other; evaluation changes nothing", async () => {
    const norm = new BatchNorm({ channels: 2, momentum: 0.5, eps: 0.25 });
    const mode = trainMode();
    norm.forward(tensor(DATA), mode);
    norm.forward(tensor(DATA), mode);
    const trained = mode.apply(norm);
    const after = await statistics(trained);
    expect(after.count).toBe(2);
    expect(after.mean[0]).toBeCloseTo(3 * 0.75, 5);
    expect(after.variance[1]).toBeCloseTo(0.25 + 100 * 0.75, 4);
    const out = await trained.forward(tensor(DATA), evalMode).data();
    expect(out[1]).toBeCloseTo((10 - 15) / Math.sqrt(75.25 + 0.25), 5);
    expect(await statistics(trained)).toEqual(after);
    expect(() => evalMode.update(norm.running_mean, norm.running_mean)).toThrow("evalMode");
    expect(() => evalMode.key()).toThrow("evalMode");
  });

  test("a compiled step carries statistics and parameters on together", async () => {
    const model = new Sequential([
      new Linear({ key: key(0), inFeatures: 2, outFeatures: 3 }),
      new BatchNorm({ channels: 3 }),
    ]);
    const optimiser = adam({ lr: 0.01 });
    interface State {
      model: Sequential;
      adam: OptimiserState;
    }
    const step = compile((s: State, x: Tensor) => {
      const { value, grads, aux } = valueAndGrad((m: Sequential, x: Tensor) => {
        const mode = trainMode();
        const loss = m.forward(x, mode).sub(1).square().mean();
        return { loss, aux: mode.apply(m) };
      })(s.model, x);
      const { params, state } = optimiser.step(aux, grads, s.adam);
      return { state: { model: params, adam: state }, loss: value };
    });
    let state: State = { model, adam: optimiser.init(model) };
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) {
      const out = step(state, normal(key(i), [16, 2]));
      state = out.state;
      losses.push(await out.loss.item());
    }
    expect(step.compilations).toBe(1);
    expect(state.model).toBeInstanceOf(Sequential);
    const norm = state.model[1] as BatchNorm;
    expect(norm).toBeInstanceOf(BatchNorm);
    expect(await norm.num_batches_tracked.item()).toBe(20);
    expect(losses[19]).toBeLessThan(losses[0] as number);
    // The bias of the normalisation moves towards the target by about lr a step.
    expect((await norm.bias?.data())?.[0]).toBeCloseTo(0.2, 2);
  });
});

test("statistics are no parameters", () => {
  const paths = treeLeaves([new BatchNorm({ channels: 2 })]).map(({ path }) => path);
  expect(paths.filter(isTrainable)).toEqual(["0.weight", "0.bias"]);
  expect(isTrainable("running_mean")).toBe(false);
  expect(isTrainable("running_mean.weight")).toBe(true);
});
