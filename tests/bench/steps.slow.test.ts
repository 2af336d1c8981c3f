import { beforeAll, describe, expect, test } from "vitest";
import { vit as vitSmall } from "../../bench/gpu/sizes.ts";
import { crossEntropy, someTargets } from "../../bench/gpu/training.ts";
import { benches as mlp } from "../../bench/steps/mlp.ts";
import { benches as simclr } from "../../bench/steps/simclr.ts";
import { benches as vit } from "../../bench/steps/vit.ts";
import { compile, createDevice, explain, key, setDevice, valueAndGrad, zeros } from "../../mod.ts";
import { Linear } from "../../models/nn/mod.ts";
import { classToken, VisionTransformer } from "../../models/vit/mod.ts";
import { adamW } from "../../training/mod.ts";
import { nullGPU } from "../support/host.ts";
import { quadProfile } from "../support/quad-profile.ts";

// Dispatches and megabytes of the steps that bench/ times, planned on the null device: they must not grow unnoticed.
// jax-js needs 53, 665 and 342 dispatches; a quarter of that is wanted on the adapter of the comparison.
const most: Record<"gpu" | "quads", Record<string, readonly [dispatches: number, megabytes: number]>> = {
  gpu: { mlp: [11, 20], vit: [100, 240], simclr: [96, 850] },
  quads: { mlp: [11, 20], vit: [100, 240], simclr: [81, 805] },
};
const benches = { mlp, vit, simclr };

describe.each(["gpu", "quads"] as const)("planned for %s", (family) => {
  beforeAll(async () => {
    const device = await createDevice({
      gpu: nullGPU(),
      kernels: family === "gpu" ? "gpu" : "software",
    });
    if (family === "quads") Object.defineProperty(device, "profile", { value: quadProfile });
    setDevice(device);
    return () => device.destroy();
  });

  // Before the others: the device remembers its peak.
  test("the step of the MLP takes at most half of the 20.9 MB that jax-js takes", async () => {
    const began = performance.now();
    const subject = await Object.values(mlp[0]?.variants ?? {})[0]?.();
    expect(subject?.firstResultAt).toBeGreaterThan(began);
    const numbers = await subject?.numbers?.(1);
    expect(numbers?.peakBytes).toBeLessThanOrEqual(10.45e6);
  });

  test.each(Object.entries(most[family]))("the step of %s", async (name, [dispatches, megabytes]) => {
    const [bench] = benches[name as keyof typeof benches];
    const subject = await Object.values(bench?.variants ?? {})[0]?.();
    const numbers = await subject?.numbers?.(1);
    expect(numbers?.dispatches).toBeLessThanOrEqual(dispatches);
    expect(numbers?.movedBytes).toBeLessThanOrEqual(megabytes * 1e6);
  });

  test("the step of ViT-S/16 with AdamW, of which a step with 32 images may have 350", () => {
    const { batch, classes, ...sizes } = vitSmall;
    const images = zeros([batch, 3, sizes.imageSize, sizes.imageSize]);
    const targets = someTargets(batch, classes);
    const body = new VisionTransformer({ key: key(1), ...sizes });
    const model = { body, head: new Linear({ key: key(2), inFeatures: sizes.width, outFeatures: classes }) };
    const optimiser = adamW();
    const step = compile((state: { model: typeof model; optim: ReturnType<typeof optimiser.init> }) => {
      const loss = (m: typeof model) => crossEntropy(m.head.forward(classToken(m.body, images)), targets);
      const { params, state: optim } = optimiser.step(
        state.model,
        valueAndGrad(loss)(state.model).grads,
        state.optim,
      );
      return { model: params, optim };
    });
    // Nobody reads the results, for which the null device has no room; but they are state that is updated in place.
    const next = step({ model, optim: optimiser.init(model) });
    const { dispatches, bytesMoved } = explain(step, next);
    expect(dispatches).toBeLessThanOrEqual(family === "gpu" ? 322 : 310);
    expect(bytesMoved).toBeLessThanOrEqual(15.9e9);
  });
});
