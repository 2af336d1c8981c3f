// The kernels of attention that never store the scores, run on the CPU as WGSL says, in both families: outputs and all
// gradients against the plain composition in float64.
import { describe, expect, test } from "vitest";
import { backward } from "../../engine/autodiff/backward.ts";
import { baseProfile, softwareProfile } from "../../engine/core/profile.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { type AttentionOptions, scaledDotProductAttention } from "../../engine/functions/attention.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import type { Plan } from "../../engine/ir/plan.ts";
import { ops as o } from "../../engine/ops/build.ts";
import type { HostData } from "../../mod.ts";
import { expectedOf, firstDifference } from "../ops/accuracy.ts";
import { planOf, runOnHost } from "../support/run-plan.ts";
import { attend, drawn, drawnKey, type Given, type Sizes } from "./attend.ts";

const profiles = [
  ["software", softwareProfile],
  ["gpu", baseProfile],
] as const;

function check(sizes: Sizes, options?: (given: Given) => AttentionOptions): void {
  const { outputs, given } = attend(sizes, options);
  const expected = expectedOf(outputs, given, 4);
  for (const [name, profile] of profiles) {
    runOnHost(outputs, given, { profile }).forEach((actual, i) => {
      expect(firstDifference(actual, expected[i] as (typeof expected)[number]), `${name}, ${i}`).toBeNull();
    });
  }
}

describe("sizes", () => {
  test.each([1, 2, 3, 17, 37])("%i tokens", (n) => check({ lead: [1], n }));
  test("a single query", () => check({ n: 1, m: 17 }));

  test("197 tokens", () => check({ lead: [], n: 197, d: 2, e: 1 }));

  test("more keys than queries, and the reverse", () => {
    check({ n: 5, m: 23, d: 4, e: 2 });
    check({ n: 19, m: 2, d: 1, e: 7 });
  });

  test("vectors that are too wide for registers", () => check({ lead: [], n: 2, m: 3, d: 700, e: 300 }));

  test("no axis before the queries, and three of them", () => {
    check({ lead: [], n: 4 });
    check({ lead: [2, 1, 3], n: 4 });
  });
});

describe("tiles of GPUs", () => {
  test.each([
    // Rows, columns and threads, and sizes that lead to them.
    [4, 4, { n: 1, d: 4, e: 1 }],
    [12, 20, { n: 9, m: 17, d: 1, e: 20 }],
    [52, 52, { n: 49, d: 32, e: 31 }],
    [4, 56, { n: 3, m: 55, d: 5, e: 56 }],
    [16, 32, { n: 2, m: 57, d: 33, e: 9 }],
    [16, 32, { n: 9, d: 17, e: 13 }],
    [32, 32, { n: 27, m: 65, d: 17, e: 5 }],
    [64, 32, { n: 61, d: 18, e: 3 }],
    [32, 64, { n: 18, m: 70, d: 3, e: 193 }],
    [16, 128, { n: 3, m: 20, d: 2, e: 385 }],
    [16, 128, { n: 2, d: 1, e: 959 }],
  ] as const)("%i x %i", (rows, columns, sizes) => {
    const { outputs, given } = attend({ lead: [], ...sizes });
    const expected = expectedOf(outputs, given, 16);
    const groups: number[] = [];
    const watch = (plan: Plan) => groups.push(plan.steps[0]?.program.workgroupSize ?? 0);
    runOnHost(outputs, given, { profile: baseProfile, watch }).forEach((actual, i) => {
      expect(firstDifference(actual, expected[i] as (typeof expected)[number]), `${i}`).toBeNull();
    });
    expect(groups).toEqual([(rows * columns) / 16]);
  });
});

describe("what is added to the scores", () => {
  const shapes = {
    "every element": [2, 3, 4, 6],
    "one for all batches": [3, 4, 6],
    "one for all heads": [2, 1, 4, 6],
    "one for all queries": [3, 1, 6],
    "one for all keys": [2, 3, 4, 1],
    "one number": [1],
  };
  test.each(Object.entries(shapes))("%s", (_, shape) =>
    check({ lead: [2, 3], n: 4, m: 6 }, (given) => ({ bias: drawn(given, shape) })),
  );

  test("windows: a bias for each head, summed over all windows, and a mask for each place", () =>
    check({ lead: [8, 2], n: 6, d: 4, e: 4 }, (given) => ({
      bias: drawn(given, [2, 6, 6]),
      mask: o.reshape(
        o.broadcastTo(o.reshape(drawn(given, [4, 6, 6]), [1, 4, 1, 6, 6]), [2, 4, 1, 6, 6]),
        [8, 1, 6, 6],
      ),
    })));

  test("bias, mask and dropout at once, which bind more buffers than there are", () =>
    check({ lead: [2], n: 5 }, (given) => ({
      bias: drawn(given, [5, 5]),
      mask: drawn(given, [2, 5, 5], [0, 1], "bool"),
      dropout: { p: 0.3, key: drawnKey(given) },
    })));
});

test("causal, with and without a mask", () => {
  check({ n: 9 }, () => ({ causal: true }));
  check({ n: 9 }, (given) => ({ causal: true, mask: drawn(given, [9, 9], [0, 1], "bool") }));
});

test("rows that see nothing give 0, and have gradients of 0", () => {
  const { outputs, given } = attend({ lead: [], n: 3 }, () => ({ mask: o.less(o.iota([3, 3], 0), 1) }));
  for (const [, profile] of profiles) {
    const [output, ofQueries] = runOnHost(outputs, given, { profile }) as [HostData, HostData];
    expect([...output].slice(5).every((x) => x === 0)).toBe(true);
    expect([...ofQueries].slice(3).every((x) => x === 0)).toBe(true);
    expect([...output].slice(0, 5).every((x) => x !== 0)).toBe(true);
  }
});

test("scores of ten thousand", () => {
  const { outputs, given } = attend({ lead: [], n: 4, d: 4, e: 4 }, () => ({ scale: 1 }));
  const [q, k, v] = [...given.keys()] as [GraphNode, GraphNode, GraphNode];
  const diagonal = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 100 : -100));
  given.set(q, diagonal).set(k, diagonal);
  for (const [, profile] of profiles) {
    const [output, ...gradients] = runOnHost(outputs, given, { profile }) as HostData[];
    expect([...(output as HostData)]).toEqual([...(given.get(v) as HostData)]);
    for (const g of gradients) expect([...g].every(Number.isFinite)).toBe(true);
  }
});

test("what dropout keeps forwards it keeps backwards", () => {
  const given: Given = new Map();
  const n = 12;
  const eye = o.cast(o.equal(o.iota([n, n], 0), o.iota([n, n], 1)), "f32");
  const values = o.add(drawn(given, [n, n], [0, 0]), eye);
  const [q, k] = [drawn(given, [n, 3]), drawn(given, [n, 3])];
  const dropout = { p: 0.4, key: drawnKey(given) };
  // With unit vectors as values and as the gradient of the output, both are the weights that are left.
  const output = scaledDotProductAttention(q, k, values, { dropout }) as GraphNode;
  const [ofValues] = backward([{ node: output, ct: eye }], [values], o) as [GraphNode];
  for (const [, profile] of profiles) {
    const [kept, back] = runOnHost([output, o.permute(ofValues, [1, 0])], given, { profile }) as [
      HostData,
      HostData,
    ];
    const dropped = [...kept].filter((x) => x === 0).length / kept.length;
    expect(dropped).toBeGreaterThan(0.25);
    expect(dropped).toBeLessThan(0.55);
    expect([...back].map((x) => x === 0)).toEqual([...kept].map((x) => x === 0));
    kept.forEach((x, i) => {
      expect(back[i]).toBeCloseTo(x, 6);
    });
  }
});

describe.each(profiles)("plans, %s", (_, profile) => {
  const heads = { lead: [2, 3], n: 40, d: 8, e: 8 };

  test("no value is as large as the scores, and there are few kernels", () => {
    const { outputs } = attend(heads);
    const plan = planOf(outputs, { profile });
    expect(Math.max(...plan.values.map((x) => sizeOf(x.shape)))).toBeLessThan(2 * 3 * 40 * 40);
    expect(plan.steps.map((s) => s.program.name.replace(/_2?\d+x.*/, ""))).toEqual([
      "attention_output_lse",
      "row_sum",
      "attention_keys_values",
      "attention_queries",
    ]);
  });

  test("with a bias and dropout too", () => {
    const { outputs } = attend(heads, (given) => ({
      bias: drawn(given, [3, 40, 40]),
      dropout: { p: 0.1, key: drawnKey(given) },
    }));
    const sizes = planOf(outputs, { profile }).values.map((x) => sizeOf(x.shape));
    expect(Math.max(...sizes)).toBeLessThan(2 * 3 * 40 * 40);
  });

  test("FLOPs are those of the products that are made", () => {
    const { outputs } = attend(heads);
    const all = planOf(outputs, { profile }).steps.map((s) => s.program.cost.flops);
    const product = 2 * 6 * 40 * 40 * 8;
    expect(all.filter((_, i) => i !== 1)).toEqual([2 * product, 4 * product, 3 * product]);
  });
});
