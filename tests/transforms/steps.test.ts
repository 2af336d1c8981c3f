import { describe, expect, test } from "vitest";
import { crossEntropy } from "../../losses/mod.ts";
import { compile, explain, linear, scalar, type Tensor, treeMap, valueAndGrad, zeros } from "../../mod.ts";
import { adam, adamW } from "../../training/mod.ts";
import { useDevice } from "../support/device.ts";

// Kernel counts of known steps, planned for a GPU on the null device: they must not grow unnoticed.
useDevice({ backend: "null", kernels: "gpu" });

const sizes = [784, 512, 256, 10];

function parameters(): { weight: Tensor; bias: Tensor }[] {
  return sizes.slice(1).map((n, i) => ({ weight: zeros([n, sizes[i] as number]), bias: zeros([n]) }));
}

describe("kernels of a step", () => {
  test("a multilayer perceptron with Adam is at most 11 dispatches", () => {
    const optimiser = adam({ lr: 1e-3 });
    const loss = (layers: ReturnType<typeof parameters>, x: Tensor, labels: Tensor): Tensor => {
      const last = layers.length - 1;
      const logits = layers.reduce(
        (h, l, i) => (i < last ? linear(h, l.weight, l.bias).relu() : linear(h, l.weight, l.bias)),
        x,
      );
      return crossEntropy(logits, labels);
    };
    const params = parameters();
    const state = { params, optimiser: optimiser.init(params) };
    const step = compile((s: typeof state, x: Tensor, labels: Tensor) => {
      const { value, grads } = valueAndGrad(loss)(s.params, x, labels);
      const next = optimiser.step(s.params, grads, s.optimiser);
      return { state: { params: next.params, optimiser: next.state }, loss: value };
    });
    const report = explain(step, state, zeros([128, 784]), zeros([128], { dtype: "i32" }));
    expect(report.kernels.map((k) => k.name).join("\n")).not.toBe("");
    expect(report.dispatches).toBeLessThanOrEqual(11);
  });

  test("an AdamW update of a hundred tensors is at most 3 dispatches", () => {
    const params = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`p${i}`, zeros([1 + (i % 5), 3 + i])]),
    );
    const optimiser = adamW({ lr: 1e-3, weightDecay: 0.01 });
    const state = { params, optimiser: optimiser.init(params) };
    const step = compile((s: typeof state, grads: typeof params, lr: Tensor) => {
      const next = optimiser.step(s.params, grads, s.optimiser, { lr });
      return { params: next.params, optimiser: next.state };
    });
    const grads = treeMap((x) => x.add(1), params);
    expect(explain(step, state, grads, scalar(0.1)).dispatches).toBeLessThanOrEqual(3);
  });
});
