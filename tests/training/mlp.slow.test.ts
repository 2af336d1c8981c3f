import { beforeAll, describe, expect, test } from "vitest";
import { crossEntropy } from "../../losses/mod.ts";
import {
  argmax,
  compile,
  configureDevice,
  explain,
  foldIn,
  getDevice,
  key,
  normal,
  randint,
  type Tensor,
  take,
  uniform,
  valueAndGrad,
} from "../../mod.ts";
import { Dropout, keyStream, Linear, ReLU, Sequential, trainMode } from "../../models/mod.ts";
import { adam, clipByGlobalNorm, cosine, ema, type OptimiserState, onDevice } from "../../training/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

interface Sizes {
  inputs: number;
  hidden: readonly [number, number];
  classes: number;
}

function makeMlp(seed: number, { inputs, hidden, classes }: Sizes, dropout = 0): Sequential {
  const next = keyStream(key(seed));
  return new Sequential([
    new Linear({ key: next(), inFeatures: inputs, outFeatures: hidden[0] }),
    new ReLU(),
    new Dropout({ p: dropout }),
    new Linear({ key: next(), inFeatures: hidden[0], outFeatures: hidden[1] }),
    new ReLU(),
    new Linear({ key: next(), inFeatures: hidden[1], outFeatures: classes }),
  ]);
}

interface State {
  model: Sequential;
  teacher: Sequential;
  adam: OptimiserState;
  key: Tensor;
}

describe("a multilayer perceptron", () => {
  const sizes: Sizes = { inputs: 20, hidden: [32, 16], classes: 4 };
  const optimiser = adam({ weightDecay: 1e-5 });
  const rate = onDevice(cosine({ base: 0.01, steps: 120, warmup: 10 }), 120);

  test("learns classes that lie around their centres", async () => {
    const centres = normal(key(1), [sizes.classes, sizes.inputs]);
    const draw = (k: Tensor, count: number) => {
      const labels = randint(foldIn(k, 0), [count], { high: sizes.classes });
      const x = take(centres, labels, { axis: 0 }).add(normal(foldIn(k, 1), [count, sizes.inputs]).mul(0.7));
      return { x, labels };
    };
    const step = compile((s: State) => {
      const { x, labels } = draw(foldIn(s.key, 0), 64);
      const { value, grads } = valueAndGrad((model: Sequential) =>
        crossEntropy(model.forward(x, trainMode({ key: foldIn(s.key, 1) })), labels),
      )(s.model);
      const { grads: clipped, norm } = clipByGlobalNorm(grads, 1);
      const taken = s.adam.step.all as Tensor;
      const { params, state } = optimiser.step(s.model, clipped, s.adam, { lr: rate(taken) });
      const teacher = ema(s.teacher, params, 0.9);
      return { state: { model: params, teacher, adam: state, key: foldIn(s.key, 2) }, loss: value, norm };
    });

    const model = makeMlp(2, sizes, 0.1);
    let state: State = { model, teacher: model, adam: optimiser.init(model), key: key(3) };
    const losses: number[] = [];
    for (let i = 0; i < 120; i++) {
      const out = step(state);
      state = out.state;
      losses.push(await out.loss.item());
      expect(Number.isFinite(await out.norm.item())).toBe(true);
    }
    expect(step.compilations).toBe(1);
    expect(losses[0]).toBeGreaterThan(1);
    expect(Math.max(...losses.slice(-10))).toBeLessThan(0.1);
    expect(await state.adam.step.all?.item()).toBe(120);

    const { x, labels } = draw(key(99), 500);
    for (const trained of [state.model, state.teacher]) {
      const right = argmax(trained.forward(x), { axis: -1 }).equal(labels).cast("f32").mean();
      expect(await right.item()).toBeGreaterThan(0.97);
    }
    // The first model is a value like any other: training has not touched it.
    expect(Number.isFinite(await (model[0] as Linear).weight.sum().item())).toBe(true);
  });

  test("the same steps give the same bits, and memory does not grow", async () => {
    const x = uniform(key(4), [32, sizes.inputs]);
    const labels = randint(key(5), [32], { high: sizes.classes });
    const run = async (): Promise<{ weights: Float32Array; bytes: number[] }> => {
      const step = compile((s: Omit<State, "teacher" | "key">) => {
        const { grads } = valueAndGrad((m: Sequential) => crossEntropy(m.forward(x), labels))(s.model);
        const { params, state } = optimiser.step(s.model, grads, s.adam);
        return { model: params, adam: state };
      });
      const model = makeMlp(6, sizes);
      let state = { model, adam: optimiser.init(model) };
      const bytes: number[] = [];
      for (let i = 0; i < 30; i++) {
        state = step(state);
        if (i === 4 || i === 29) {
          await state.adam.step.all?.data();
          bytes.push((await getDevice()).memory().live);
        }
      }
      return { weights: (await (state.model[3] as Linear).weight.data()) as Float32Array, bytes };
    };
    const [first, second] = [await run(), await run()];
    expect(first.bytes[1]).toBeLessThanOrEqual(first.bytes[0] as number);
    expect(second.weights).toEqual(first.weights);
  });

  test("a step of 784-512-256-10 at batch 128 is at most 20 dispatches", () => {
    const model = makeMlp(7, { inputs: 784, hidden: [512, 256], classes: 10 });
    const step = (s: Omit<State, "teacher" | "key">, x: Tensor, labels: Tensor) => {
      const { value, grads } = valueAndGrad((m: Sequential) => crossEntropy(m.forward(x), labels))(s.model);
      const { params, state } = optimiser.step(s.model, grads, s.adam);
      return { state: { model: params, adam: state }, loss: value };
    };
    const x = uniform(key(8), [128, 784]);
    const labels = randint(key(9), [128], { high: 10 });
    const report = explain(step, { model, adam: optimiser.init(model) }, x, labels);
    expect(report.kernels.length).toBeLessThanOrEqual(20);
  });
});
