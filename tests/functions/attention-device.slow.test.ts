// The kernels that GPUs have for attention, on whatever adapter is at hand: outputs and all gradients against float64, and
// two runs against each other.
import { expect, test } from "vitest";
import { evaluate } from "../../engine/evaluate.ts";
import type { AttentionOptions } from "../../engine/functions/attention.ts";
import { wrap } from "../../engine/tensor.ts";
import { type HostData, ones, scaledDotProductAttention, tensor } from "../../mod.ts";
import { expectedOf, firstDifference } from "../ops/accuracy.ts";
import { useDevice } from "../support/device.ts";
import { attend, drawn, drawnKey, type Given, type Sizes } from "./attend.ts";

useDevice({ kernels: "gpu" });

const cases: Record<string, readonly [Sizes, ((given: Given) => AttentionOptions)?]> = {
  "a query": [{ n: 1, m: 197, d: 8, e: 8 }],
  "37 tokens, each with some of those before it": [
    { n: 37, d: 5, e: 3 },
    (given) => ({ causal: true, dropout: { p: 0.2, key: drawnKey(given) } }),
  ],
  "windows with a bias for each head and a mask": [
    { lead: [3, 2], n: 49, d: 8, e: 8 },
    (given) => ({ bias: drawn(given, [2, 49, 49]), mask: drawn(given, [3, 1, 49, 49], [0, 1], "bool") }),
  ],
  "197 tokens": [{ lead: [1], n: 197, d: 16, e: 16 }],
};

test.each(Object.entries(cases))("%s", async (_, [sizes, options]) => {
  const run = async (): Promise<HostData[]> => {
    const { outputs, given } = attend(sizes, options);
    expected ??= expectedOf(outputs, given, 16);
    for (const [x, data] of given) x.stored = tensor(data, { dtype: x.dtype, shape: x.shape }).node.stored;
    evaluate(outputs);
    return Promise.all(outputs.map((x) => wrap(x).data()));
  };
  let expected: ReturnType<typeof expectedOf> | undefined;
  const first = await run();
  first.forEach((actual, i) => {
    expect(firstDifference(actual, (expected as NonNullable<typeof expected>)[i]!), `${i}`).toBeNull();
  });
  expect(await run()).toEqual(first);
});

test("more windows than one axis of a launch has workgroups", async () => {
  const count = 65_543;
  const values = Float32Array.from({ length: count }, (_, i) => i % 1000);
  const one = ones([count, 1, 1]);
  const output = scaledDotProductAttention(one, one, tensor(values, { shape: [count, 1, 1] }));
  expect(await output.data()).toEqual(values);
});
