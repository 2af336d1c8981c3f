// What a training step of ViT-S/16 with 32 images takes, planned for a GPU on the null device; nothing runs.
import { expect, test } from "vitest";
import { matmul } from "../../bench/gpu/sizes.ts";
import { baseProfile } from "../../engine/core/profile.ts";
import { reportOf } from "../../engine/ir/plan.ts";
import { asPlanned } from "../../engine/tuning/tune.ts";
import { crossEntropy } from "../../losses/mod.ts";
import { compile, key, type Tensor, valueAndGrad, zeros } from "../../mod.ts";
import { Linear } from "../../models/nn/mod.ts";
import { classToken, VisionTransformer } from "../../models/vit/mod.ts";
import { vits } from "../../models/vit/presets.ts";
import { adamW } from "../../training/mod.ts";
import { useDevice } from "../support/device.ts";

useDevice({ backend: "null", kernels: "gpu" });

const BATCH = 32;
const CLASSES = 1000;
/** Patches of 224 pixels, and the class token. */
const TOKENS = 14 * 14 + 1;

test("a step of ViT-S/16 keeps little, no attention matrix, and is few launches", () => {
  const body = new VisionTransformer({ key: key(1), ...vits.small, patch: 16 });
  const head = new Linear({ key: key(2), inFeatures: vits.small.width, outFeatures: CLASSES });
  const model = { body, head };
  const optimiser = adamW();
  const start = { model, optim: optimiser.init(model) };
  const step = compile((state: typeof start, images: Tensor, labels: Tensor) => {
    const { value, grads } = valueAndGrad((m: typeof model) =>
      crossEntropy(m.head.forward(classToken(m.body, images)), labels),
    )(state.model);
    const { params, state: optim } = optimiser.step(state.model, grads, state.optim);
    return { state: { model: params, optim }, loss: value };
  });
  const images = zeros([BATCH, 3, 224, 224]);
  const plan = step.plan(start, images, zeros([BATCH], { dtype: "i32" }));
  const matrix = BATCH * vits.small.heads * TOKENS * TOKENS;
  for (const { shape } of plan.values) {
    expect(shape.filter((n) => n === TOKENS).length).toBeLessThan(2);
    expect(shape.reduce((a, b) => a * b, 1)).not.toBe(matrix);
  }
  const { dispatches, peakBytes } = reportOf(plan);
  expect(dispatches).toBeLessThanOrEqual(350);
  expect(peakBytes).toBeLessThanOrEqual(1.4e9);

  // What most blocks compute is what bench/gpu/tune.ts tunes: other sizes would find no tile in its table.
  const tuned = new Set(
    matmul.map((product) => {
      const { batch, m, n, k } = asPlanned(baseProfile, {
        batch: 1,
        m: product.m,
        n: product.n,
        k: product.k,
      });
      return [batch, m, n, k].join("x");
    }),
  );
  const products = plan.steps.flatMap(
    ({ program }) => /^dot_.*_(\d+x\d+x\d+x\d+)$/.exec(program.name)?.[1] ?? [],
  );
  const common = [...new Set(products)].filter((size) => products.filter((x) => x === size).length > 4);
  expect(common.length).toBeGreaterThan(7);
  expect(common.filter((size) => !tuned.has(size))).toEqual([]);
});
