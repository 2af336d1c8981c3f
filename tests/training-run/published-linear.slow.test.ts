import { beforeAll, expect, test } from "vitest";
import { configureDevice } from "../../mod.ts";
import { standardiser } from "../../training/evaluate/standardise.ts";
import type { Embeddings } from "../../training/mod.ts";
import { publishedLinearEvaluation } from "../../training/mod.ts";
import { relativeDistance } from "../golden/closeness.ts";
import { type Golden, goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

function labelled(golden: Golden, side: "train" | "test") {
  const [count = 0, width = 0] = golden.array(`${side}_x`).shape;
  const embeddings: Embeddings = { count, width, values: Float32Array.from(golden.values(`${side}_x`)) };
  return { embeddings, labels: golden.values(`${side}_y`) };
}

goldenTest("scatsimclr/linear_eval_n50_d6_c3", "400 steps are those of the reference", async (golden) => {
  const scale = standardiser(labelled(golden, "train").embeddings, 0);
  for (const side of ["train", "test"] as const) {
    const scaled = scale(labelled(golden, side).embeddings).values;
    expect(relativeDistance(scaled, golden.values(`scaled_${side}`))).toBeLessThan(1e-6);
  }
  const start = { weight: golden.values("W0"), bias: golden.values("b0") };
  const result = await publishedLinearEvaluation(labelled(golden, "train"), labelled(golden, "test"), {
    batch: 16,
    start,
  });
  expect(relativeDistance(result.losses, golden.values("losses"))).toBeLessThan(1e-5);
  expect(relativeDistance(result.weight, golden.values("W"))).toBeLessThan(2e-5);
  expect(relativeDistance(result.bias, golden.values("b"))).toBeLessThan(2e-5);
  expect(relativeDistance(result.logits, golden.values("logits"))).toBeLessThan(2e-5);
  expect(result.accuracy).toBeCloseTo(golden.values("accuracy")[0] as number, 12);
});

test("a feature that never changes does no harm, and the last rows count", async () => {
  const rows = { count: 5, width: 2, values: Float32Array.from([1, 7, 2, 7, 3, 7, 4, 7, 5, 7]) };
  const data = { embeddings: rows, labels: [0, 0, 0, 1, 1] };
  const { losses, accuracy, logits } = await publishedLinearEvaluation(data, data, {
    epochs: 60,
    batch: 2,
    rate: 0.1,
  });
  expect(losses).toHaveLength(180);
  expect(accuracy).toBe(1);
  expect(logits.every(Number.isFinite)).toBe(true);
});
