import { beforeAll, describe, expect, test } from "vitest";
import { compile, configureDevice, explain, ShapeError, scalar, type Tensor, tensor } from "../../mod.ts";
import { adam, adamW, lars, type Optimiser, type OptimiserState, sgd } from "../../training/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

type Params = Record<string, Tensor>;

const START = [0.5, -1.25, 2, 0.01];
const gradientAt = (step: number): number[] => START.map((_, i) => Math.sin(1.7 * step + i) * 10 ** (i - 2));

/** Runs an optimiser on one tensor with made-up gradients. */
async function run(optimiser: Optimiser, steps: number, lr?: (step: number) => number): Promise<number[]> {
  const update = compile((s: { params: Params; state: OptimiserState }, grads: Params, rate: Tensor | null) =>
    optimiser.step(s.params, grads, s.state, rate ? { lr: rate } : {}),
  );
  const params = { w: tensor(START) };
  let s = { params, state: optimiser.init(params) } as { params: Params; state: OptimiserState };
  for (let i = 0; i < steps; i++) {
    s = update(s, { w: tensor(gradientAt(i)) }, lr ? scalar(lr(i)) : null);
  }
  expect(update.compilations).toBe(1);
  return [...((await s.params.w?.data()) ?? [])];
}

/** torch's rule, in float64 and element by element. */
function reference(
  rule: (p: number, g: number, memory: number[], step: number) => number,
  steps: number,
): number[] {
  return START.map((start, i) => {
    const memory: number[] = [];
    let p = start;
    for (let step = 1; step <= steps; step++) p = rule(p, gradientAt(step - 1)[i] as number, memory, step);
    return p;
  });
}

function expectNear(got: readonly number[], want: readonly number[]): void {
  const worst = Math.max(...got.map((x, i) => Math.abs(x - (want[i] as number))));
  expect(worst, `${got} against ${want}`).toBeLessThan(2e-6);
}

describe("optimisers against torch's rules in float64", () => {
  test("sgd: plain, momentum, dampening, nesterov", async () => {
    const rule =
      (momentum: number, dampening: number, nesterov: boolean, decay: number) =>
      (p: number, g0: number, memory: number[], step: number): number => {
        const g = g0 + decay * p;
        if (momentum === 0) return p - 0.1 * g;
        memory[0] = step === 1 ? g : momentum * (memory[0] as number) + (1 - dampening) * g;
        return p - 0.1 * (nesterov ? g + momentum * memory[0] : memory[0]);
      };
    for (const [momentum, dampening, nesterov, weightDecay] of [
      [0, 0, false, 0.1],
      [0.9, 0, false, 0],
      [0.9, 0.3, false, 0.05],
      [0.8, 0, true, 0.05],
    ] as const) {
      const optimiser = sgd({ lr: 0.1, momentum, dampening, nesterov, weightDecay });
      expectNear(await run(optimiser, 4), reference(rule(momentum, dampening, nesterov, weightDecay), 4));
    }
    expect(() => sgd({ lr: 0.1, nesterov: true })).toThrow(RangeError);
  });

  test("adam and adamW: amsgrad, betas, eps, a rate that changes", async () => {
    interface Variant {
      betas: readonly [number, number];
      eps: number;
      weightDecay: number;
      amsgrad: boolean;
      decoupled: boolean;
    }
    const rate = (step: number) => 0.1 / (step + 1);
    const rule =
      ({ betas: [b1, b2], eps, weightDecay, amsgrad, decoupled }: Variant) =>
      (p0: number, g0: number, memory: number[], step: number): number => {
        const lr = rate(step - 1);
        const p = decoupled ? p0 * (1 - lr * weightDecay) : p0;
        const g = decoupled ? g0 : g0 + weightDecay * p0;
        memory[0] = b1 * (memory[0] ?? 0) + (1 - b1) * g;
        memory[1] = b2 * (memory[1] ?? 0) + (1 - b2) * g * g;
        memory[2] = Math.max(memory[2] ?? 0, memory[1]);
        const second = amsgrad ? memory[2] : memory[1];
        const root = Math.sqrt(second) / Math.sqrt(1 - b2 ** step) + eps;
        return p - ((lr / (1 - b1 ** step)) * memory[0]) / root;
      };
    for (const variant of [
      { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, decoupled: false },
      { betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.1, amsgrad: true, decoupled: false },
      { betas: [0, 0.5], eps: 1e-6, weightDecay: 0.3, amsgrad: false, decoupled: true },
    ] as const satisfies readonly Variant[]) {
      const optimiser = (variant.decoupled ? adamW : adam)(variant);
      expectNear(await run(optimiser, 6, rate), reference(rule(variant), 6));
    }
    expect(() => adam({ betas: [1, 0.9] })).toThrow("betas");
  });

  test("the bias correction keeps its digits late in a run", async () => {
    const optimiser = adam({ lr: 1 });
    const params = { w: tensor([0]) };
    const state = optimiser.init(params);
    const late = { ...state, step: { all: scalar(2) } };
    const grads = { w: tensor([1e-3]) };
    const out = optimiser.step(params, grads, late).params.w;
    const [m, v] = [0.1 * 1e-3, 0.001 * 1e-6];
    const expected = (-1 / (1 - 0.9 ** 3)) * (m / (Math.sqrt(v / (1 - 0.999 ** 3)) + 1e-8));
    expect((await out.item()) / expected).toBeCloseTo(1, 6);
  });

  test("lars: tensors and gradients of length 0 take plain steps", async () => {
    const optimiser = lars({
      lr: 0.5,
      momentum: 0,
      trustCoefficient: 0.01,
      weightDecay: 0.1,
      exclude: () => false,
    });
    const params = { zero: tensor([0, 0]), still: tensor([3, 4]), moved: tensor([3, 4]) };
    const grads = { zero: tensor([1, 2]), still: tensor([0, 0]), moved: tensor([0, 5]) };
    const { params: out } = optimiser.step(params, grads, optimiser.init(params));
    expect([...(await out.zero.data())]).toEqual([-0.5, -1]);
    expectNear([...(await out.still.data())], [3 * 0.95, 4 * 0.95]);
    const local = (0.01 * 5) / (5 + 0.1 * 5);
    expectNear([...(await out.moved.data())], [3 - 0.5 * local * 0.3, 4 - 0.5 * local * 5.4]);
  });
});

describe("optimisers over trees", () => {
  test("statistics, integers and frozen groups are left alone", async () => {
    const optimiser = sgd({
      lr: 1,
      momentum: 0.5,
      groups: (path) => (path.startsWith("head") ? { group: "head", lrScale: 0.1 } : {}),
    });
    const params = {
      bn: { weight: tensor([1, 1]), running_var: tensor([2, 2]), num_batches_tracked: scalar(3, "i32") },
      head: { weight: tensor([1]) },
      name: "model",
    };
    const grads = {
      bn: { weight: tensor([1, 2]), running_var: tensor([9, 9]), num_batches_tracked: scalar(9, "i32") },
      head: { weight: tensor([5]) },
      name: "grads",
    };
    const state = optimiser.init(params);
    expect(Object.keys(state.slots.momentum ?? {})).toEqual(["bn.weight", "head.weight"]);
    const frozen = optimiser.step(params, grads, state, { frozen: ["head"] });
    expect(frozen.params.name).toBe("model");
    expect(frozen.params.bn.running_var).toBe(params.bn.running_var);
    expect(frozen.params.head.weight).toBe(params.head.weight);
    const both = optimiser.step(frozen.params, grads, frozen.state);
    expect([...(await both.params.bn.weight.data())]).toEqual([1 - 1 - 1.5, 1 - 2 - 3]);
    expect(await both.params.head.weight.item()).toBe(0.5);
    expect(await both.params.bn.num_batches_tracked.item()).toBe(3);
    expect([await both.state.step.all?.item(), await both.state.step.head?.item()]).toEqual([2, 1]);
  });

  test("half-precision parameters keep their dtype and their moments are f32", () => {
    const optimiser = adam();
    const params = { w: tensor([1, 2], { dtype: "f16" }) };
    const state = optimiser.init(params);
    const out = optimiser.step(params, params, state);
    expect(out.params.w.dtype).toBe("f16");
    expect(out.state.slots.m?.w?.dtype).toBe("f32");
  });

  test("gradients and states that do not fit are refused by name", () => {
    const optimiser = adam();
    const params = { a: { w: tensor([1, 2]) } };
    const state = optimiser.init(params);
    expect(() => optimiser.step<unknown>(params, { a: {} }, state)).toThrow('no gradient for "a.w"');
    expect(() => optimiser.step(params, { a: { w: tensor([1]) } }, state)).toThrow(ShapeError);
    expect(() => optimiser.step({ b: tensor([1]) }, { b: tensor([1]) }, state)).toThrow('no state for "b"');
  });

  test("the update of a hundred tensors is at most three kernels", () => {
    const shapes = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? [8 + i, 6] : [8 + i]));
    const params = shapes.map((shape) =>
      tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape }),
    );
    for (const [name, optimiser] of [
      ["adamW", adamW({ lr: 1e-3, groups: (_, leaf) => (leaf.rank < 2 ? { weightDecay: 0 } : {}) })],
      ["adamW alike", adamW()],
      ["adam", adam({ weightDecay: 1e-4 })],
      ["sgd", sgd({ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4 })],
    ] as const) {
      const step = (s: { params: Tensor[]; state: OptimiserState }, grads: Tensor[], lr: Tensor) =>
        optimiser.step(s.params, grads, s.state, { lr });
      const report = explain(step, { params, state: optimiser.init(params) }, params, scalar(1e-3));
      expect([name, report.kernels.length <= 3]).toEqual([name, true]);
    }
  });
});
