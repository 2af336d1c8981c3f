// What a training step of ViT-S/16 with 32 images takes, planned for a GPU on the null device; nothing runs.
import { expect, test } from "vitest";
import { matmul } from "../../bench/gpu/sizes.ts";
import { baseProfile } from "../../engine/core/profile.ts";
import { type Plan, reportOf } from "../../engine/ir/plan.ts";
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

/** The plan of a step, with what its backward pass keeps in one dtype or the other. */
function planOf(activations: "f32" | "f16"): Plan {
  const body = new VisionTransformer({ key: key(1), ...vits.small, patch: 16 });
  const head = new Linear({ key: key(2), inFeatures: vits.small.width, outFeatures: CLASSES });
  const model = { body, head };
  const optimiser = adamW();
  const start = { model, optim: optimiser.init(model) };
  const step = compile(
    (state: typeof start, images: Tensor, labels: Tensor) => {
      const { value, grads } = valueAndGrad((m: typeof model) =>
        crossEntropy(m.head.forward(classToken(m.body, images)), labels),
      )(state.model);
      const { params, state: optim } = optimiser.step(state.model, grads, state.optim);
      return { state: { model: params, optim }, loss: value };
    },
    { activations },
  );
  return step.plan(start, zeros([BATCH, 3, 224, 224]), zeros([BATCH], { dtype: "i32" }));
}

test("a step of ViT-S/16 keeps little, no attention matrix, and is few launches", () => {
  const plan = planOf("f32");
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

test("in half precision it keeps half, in as many launches", () => {
  const plan = planOf("f16");
  const { dispatches, peakBytes } = reportOf(plan);
  expect(dispatches).toBeLessThanOrEqual(planOf("f32").steps.length);
  expect(peakBytes).toBeLessThanOrEqual(0.89e9);
  const halves = plan.values.filter((v) => v.dtype === "f16").map(({ op, shape }) => `${op} ${shape}`);
  const count = (what: string): number => halves.filter((x) => x === what).length;
  // Of all blocks but the last, which has the class token alone: queries, keys and values, what attention gives, what
  // GELU is applied to, and the rows that two layer norms make.
  const blocks = vits.small.depth - 1;
  expect(count(`linear ${BATCH},${TOKENS},${3 * vits.small.width}`)).toBe(blocks);
  expect(count(`scaledDotProductAttention ${BATCH},${vits.small.heads},${TOKENS},64`)).toBe(blocks);
  expect(count(`linear ${BATCH},${TOKENS},${4 * vits.small.width}`)).toBe(blocks);
  expect(count(`layerNorm ${BATCH},${TOKENS},${vits.small.width}`)).toBeGreaterThanOrEqual(2 * blocks);
  // No statistics, no gradients, no sums.
  expect(halves.filter((x) => x.endsWith(",1") || x.includes("backward"))).toEqual([]);
});
