import { expect, test } from "vitest";
import { scaledDotProductAttention } from "../../engine/functions/attention.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, Grid, range, sum } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

const [B, N, M, D, E] = [2, 3, 4, 5, 2];
const q = Grid.random([B, N, D], 1);
const k = Grid.random([B, M, D], 2);
const v = Grid.random([B, M, E], 3);
const bias = Grid.random([N, M], 4);
/** Query 1 sees nothing. */
const seen = (i: number, j: number) => i !== 1 && (i + j) % 2 === 0;

/** Row by row; what a query may not see is left out. */
function attended(
  score: (dot: number, i: number, j: number) => number,
  visible: (i: number, j: number) => boolean,
) {
  const weights = Grid.from([B, N, M], (b, i, j) => {
    const e = (at: number) => {
      if (!visible(i, at)) return 0;
      return Math.exp(score(sum(range(D).map((d) => q.get(b, i, d) * k.get(b, at, d))), i, at));
    };
    const total = sum(range(M).map(e));
    return total === 0 ? 0 : e(j) / total;
  });
  const output = Grid.from([B, N, E], (b, i, d) =>
    sum(range(M).map((j) => weights.get(b, i, j) * v.get(b, j, d))),
  );
  return { weights, output };
}

const root = Math.sqrt(D);
const everything = () => true;
const attend = (options: m.AttentionOptions & { weights?: false } = {}) =>
  m.scaledDotProductAttention(q.tensor, k.tensor, v.tensor, options);

test("equals the loops, with masks, bias and scale", async () => {
  const plain = attended((s) => s / root, everything);
  const all = m.scaledDotProductAttention(q.tensor, k.tensor, v.tensor, { weights: true });
  const mask = m.tensor(range(N).map((i) => range(M).map((j) => seen(i, j))));
  const added = m.tensor(range(N).map((i) => range(M).map((j) => (seen(i, j) ? bias.get(i, j) : -Infinity))));
  await checkGrids({
    output: [all.output, plain.output],
    weights: [all.weights, plain.weights],
    causal: [
      attend({ causal: true, scale: 0.3 }),
      attended(
        (s) => s * 0.3,
        (i, j) => j <= i,
      ).output,
    ],
    bias: [
      attend({ bias: bias.tensor }),
      attended((s, i, j) => s / root + bias.get(i, j), everything).output,
    ],
    "boolean mask": [attend({ mask }), attended((s) => s / root, seen).output],
    "mask that is added": [
      attend({ mask: added }),
      attended((s, i, j) => s / root + bias.get(i, j), seen).output,
    ],
    "all at once": [
      attend({ mask, bias: bias.tensor, causal: true }),
      attended(
        (s, i, j) => s / root + bias.get(i, j),
        (i, j) => j <= i && seen(i, j),
      ).output,
    ],
  });
});

test("leading axes broadcast, and vectors of many heads are independent", async () => {
  const stack = (x: Grid, ...shape: number[]) => m.tensor(Float32Array.from(x.data), { shape });
  const plain = attended((s) => s / root, everything).output;
  const shared = m.scaledDotProductAttention(
    stack(q, 1, B, N, D),
    stack(k, 1, B, M, D),
    m.stack([v.tensor, v.tensor.mul(2)]),
  );
  const both = [...plain.data, ...plain.data.map((x) => 2 * x)];
  await checkGrids({ broadcast: [shared, new Grid([2, B, N, E], both)] });
});

test("dropout sets weights to 0 and scales the others", async () => {
  const identity = m.eye(16).reshape([1, 16, 16]);
  const ones = m.zeros([1, 64, 5]);
  const keys = m.zeros([1, 16, 5]);
  const dropped = m.scaledDotProductAttention(ones, keys, identity, { dropout: { p: 0.25, key: m.key(3) } });
  const values = await dropped.data();
  const kept = values.filter((x) => x !== 0);
  for (const x of kept) expect(x).toBeCloseTo(1 / 16 / 0.75, 6);
  expect(kept.length / values.length).toBeGreaterThan(0.7);
  expect(kept.length / values.length).toBeLessThan(0.8);
});

test("a query that sees nothing has no gradient, not NaN", async () => {
  const mask = m.tensor([[false, false]]);
  const x = m.ones([1, 1, 2]);
  const keys = m.ones([1, 2, 2]);
  const grads = m.grad((t: { x: m.Tensor; keys: m.Tensor }) =>
    m.scaledDotProductAttention(t.x, t.keys, t.keys, { mask }).sum(),
  )({ x, keys });
  await check({
    query: [grads.x, [[[0, 0]]], 0],
    keys: [
      grads.keys,
      [
        [
          [0, 0],
          [0, 0],
        ],
      ],
      0,
    ],
  });
});

test("without keys there is nothing to see", async () => {
  const nothing = { mask: m.full([N, 0], true) };
  await check({
    output: [
      m.scaledDotProductAttention(m.ones([N, D]), m.zeros([0, D]), m.zeros([0, 1]), nothing),
      [[0], [0], [0]],
      0,
    ],
  });
});

test("gradients, and those of gradients", () => {
  const operands = [operand([2, 3, 4], 1), operand([2, 3, 4], 2), operand([2, 3, 2], 3)];
  const onNodes =
    (options?: Parameters<typeof scaledDotProductAttention>[3]) =>
    (a: GraphNode, b: GraphNode, c: GraphNode) =>
      scaledDotProductAttention(a, b, c, options) as GraphNode;
  checkGradients(onNodes(), operands, { second: true });
  checkGradients(onNodes({ causal: true }), operands);
  checkGradients(
    (a, b, c, extra) => scaledDotProductAttention(a, b, c, { bias: extra }) as GraphNode,
    [...operands, operand([3, 3], 4)],
  );
});

test("refuses what does not fit", () => {
  const op = "scaledDotProductAttention";
  expect(errorOf(() => m.scaledDotProductAttention(q.tensor, m.zeros([B, M, 3]), v.tensor))).toEqual({
    name: "ShapeError",
    op,
    problem: "queries, keys and values do not fit",
  });
  expect(errorOf(() => attend({ mask: m.full([M, N], true) })).op).toBe(op);
  expect(errorOf(() => attend({ bias: m.zeros([3, B, N, M]) })).problem).toBe("bias does not fit the scores");
  expect(errorOf(() => attend({ mask: m.zeros([N, M], { dtype: "i32" }) })).name).toBe("DTypeError");
});

test("a query that is no number leaves none, on adapters too whose maximum passes it over", async () => {
  const [query, others] = [m.full([1, 1, 2, 4], Number.NaN), m.ones([1, 1, 3, 4])];
  const result = await m.scaledDotProductAttention(query, others, others).data();
  expect(Array.from(result, Number).every(Number.isNaN)).toBe(true);
});
