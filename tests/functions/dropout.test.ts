import { expect, test } from "vitest";
import { embedding } from "../../engine/functions/embedding.ts";
import { threefry2x32 } from "../../engine/ops/threefry.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

const key = m.key(7);

/** Whether element i is kept, by the definition: the upper 24 bits of both words, as a share of 1, against p. */
async function kept(count: number, p: number): Promise<boolean[]> {
  const [k0 = 0, k1 = 0] = await key.data();
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = threefry2x32(k0, k1, 0, i);
    return ((a ^ b) >>> 8) * 2 ** -24 >= p;
  });
}

test("elements are kept by their number alone, and scaled", async () => {
  const p = 0.3;
  const x = m.arange(1, 61).cast("f32").reshape([3, 20]);
  const y = m.dropout(x, { p, key });
  const want = (await kept(60, p)).map((keep, i) => (keep ? (i + 1) / 0.7 : 0));
  const gradient = m.grad((t: m.Tensor) => m.dropout(t, { p, key }).sum())(x);
  await check({
    values: [y.reshape([60]), want],
    gradient: [gradient.reshape([60]), (await kept(60, p)).map((keep) => (keep ? 1 / 0.7 : 0))],
    "the same again": [m.equal(m.dropout(x, { p, key }), y).all(), true],
    "another key": [m.equal(m.dropout(x, { p, key: m.key(8) }), y).all(), false],
  });
});

test("the share that is dropped", async () => {
  const y = await m.dropout(m.ones([20000]), { p: 0.1, key }).data();
  const dropped = y.filter((v) => v === 0).length / y.length;
  expect(dropped).toBeGreaterThan(0.09);
  expect(dropped).toBeLessThan(0.11);
});

test("nothing, everything, and only in training", async () => {
  const x = m.tensor([1, -2, 3]);
  expect(m.dropout(x, { p: 0, key }).node).toBe(x.node);
  expect(m.dropout(x, { p: 0.5, key, training: false }).node).toBe(x.node);
  await check({ everything: [m.dropout(m.tensor([1, Infinity]), { p: 1, key }), [0, 0], 0] });
  expect(errorOf(() => m.dropout(x, { p: 1.5, key }))).toEqual({
    name: "AxisError",
    op: "dropout",
    problem: "p is 1.5",
  });
});

test("whole channels", async () => {
  const y = await m.dropout2d(m.ones([4, 8, 3, 2]), { p: 0.4, key }).data();
  const want = await kept(32, 0.4);
  want.forEach((keep, channel) => {
    for (let i = 0; i < 6; i++) expect(y[channel * 6 + i]).toBeCloseTo(keep ? 1 / 0.6 : 0, 6);
  });
  expect(errorOf(() => m.dropout2d(m.ones([4, 8]), { key })).problem).toBe("x does not have 2 spatial axes");
});

test("alpha dropout keeps mean 0 and variance 1", async () => {
  const x = m.normal(m.key(1), [20000]);
  const y = m.alphaDropout(x, { p: 0.3, key });
  expect(Math.abs(await y.mean().item())).toBeLessThan(0.03);
  expect(Math.abs((await y.variance().item()) - 1)).toBeLessThan(0.05);
});

test("embedding: rows, their gradients, and a row without one", async () => {
  const weight = m.tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const indices = m.tensor(
    [
      [2, 0],
      [2, 1],
    ],
    { dtype: "i32" },
  );
  const gradient = (options = {}) =>
    m.grad((w: m.Tensor) =>
      m
        .embedding(indices, w, options)
        .mul(m.tensor([1, 10]))
        .sum(),
    )(weight);
  await check({
    rows: [
      m.embedding(indices, weight),
      [
        [
          [5, 6],
          [1, 2],
        ],
        [
          [5, 6],
          [3, 4],
        ],
      ],
      0,
    ],
    single: [m.embedding(m.tensor(1, { dtype: "i32" }), weight), [3, 4], 0],
    outside: [m.embedding(m.tensor([3], { dtype: "i32" }), weight), [[Number.NaN, Number.NaN]], 0],
    gradient: [
      gradient(),
      [
        [1, 10],
        [1, 10],
        [2, 20],
      ],
      0,
    ],
    padding: [
      gradient({ paddingIndex: -1 }),
      [
        [1, 10],
        [1, 10],
        [0, 0],
      ],
      0,
    ],
  });
  checkGradients((w) => embedding(indices.node, w), [operand([3, 2])]);
  expect(errorOf(() => m.embedding(indices, m.zeros([3]))).problem).toBe("weight is no table");
  expect(errorOf(() => m.embedding(m.zeros([2]), weight))).toMatchObject({
    name: "DTypeError",
    op: "embedding",
  });
});
