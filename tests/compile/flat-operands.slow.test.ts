import { expect, test } from "vitest";
import { compile, key, ones, scalar, type Tensor, valueAndGrad, zeros } from "../../mod.ts";
import type { StepParts } from "../../training/method.ts";
import { scatSimClr } from "../../training/mod.ts";
import { checkPlan } from "../support/run-plan.ts";

test("operands that a kernel makes of one another are not laid out in one buffer", () => {
  const stages = [4, 8].map((width) => ({ width, blocks: 4 }));
  const method = scatSimClr({
    model: { scattering: { J: 1, L: 4, shape: [8, 8] }, adapter: { stem: 2, stages }, out: 16 },
    statistics: { mean: [0, 0, 0], std: [1, 1, 1] },
    pretext: { task: "jigsaw", hidden: [24, 16] },
  });
  const state = method.start(key(0));
  const parts = method.parts as StepParts<typeof state>;
  const views = {
    first: ones([3, 3, 8, 8]),
    second: ones([3, 3, 8, 8]),
    pretext: {
      images: ones([27, 3, 8, 8]),
      labels: zeros([3], { dtype: "i32" }),
      masks: { first: ones([1, 24]), second: ones([1, 16]) },
    },
  };
  const at = { rate: scalar(1e-3), lambda: scalar(0.3) };
  const step = compile((before: typeof state) => {
    const { grads, aux } = valueAndGrad((learner: unknown) => {
      const { rows, model } = parts.encode(learner, views, before, at);
      return { loss: (parts.loss(rows, before, at) as { loss: Tensor }).loss, aux: model };
    })(parts.model(before));
    return { state: parts.update(before, aux, grads, at).state, grads };
  });
  const plan = step.plan(state);
  expect(plan.steps.length).toBeGreaterThan(300);
  checkPlan(plan);
});
