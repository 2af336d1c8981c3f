import { expect, test } from "vitest";
import { makeNode } from "../../engine/ir/node.ts";
import type { Primitive } from "../../engine/ir/primitive.ts";
import { threefry } from "../../engine/ops/binary.ts";
import { threefry2x32 } from "../../engine/ops/threefry.ts";
import { wrap } from "../../engine/tensor.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

test("Threefry gives the known answers of Random123", async () => {
  const u32 = (words: number[]) => m.tensor(Uint32Array.from(words)).node;
  const operands = [
    u32([0, 0xffffffff, 0x13198a2e]),
    u32([0, 0xffffffff, 0x03707344]),
    u32([0, 0xffffffff, 0x243f6a88]),
    u32([0, 0xffffffff, 0x85a308d3]),
  ];
  const word = (which: 0 | 1) => wrap(makeNode(threefry as Primitive, operands, { word: which }));
  await check({
    first: [word(0), [0x6b200159, 0x1cb996fc, 0xc4923a9c], 0],
    second: [word(1), [0x99ba4efe, 0xbb002be7, 0x483df7a0], 0],
  });
  expect(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
});

// Recorded from JAX 0.10.2 (jax_threefry_partitionable): PRNGKey(42), split(key, 3), fold_in(key, 7), bits(key, (2, 3)).
test("keys and bits are those of JAX", async () => {
  const key = m.key(42);
  const splits = [
    [1832780943, 270669613],
    [64467757, 2916123636],
    [2465931498, 255383827],
  ];
  await check({
    key: [key, [0, 42], 0],
    "a large seed": [m.key(2 ** 33 + 5), [2, 5], 0],
    split: [m.splitKey(key, 3), splits, 0],
    "split in two": [m.splitKey(key), splits.slice(0, 2), 0],
    foldIn: [m.foldIn(key, 7), [2547012911, 1371500959], 0],
    "foldIn a tensor": [m.foldIn(key, m.tensor([7], { dtype: "i32" })), [2547012911, 1371500959], 0],
    bits: [
      m.randomBits(key, [2, 3]),
      [
        [2098992034, 2919706841, 2646866425],
        [2409546199, 1935504149, 2516274904],
      ],
      0,
    ],
    "bits of key 0": [m.randomBits(m.key(0), 4), [4070199207, 4202968722, 1427181096, 2012915765], 0],
    "in a traced function": [m.compile((k: m.Tensor) => m.foldIn(k, 7))(key), [2547012911, 1371500959], 0],
  });
});

test("uniform and normal are functions of the words", async () => {
  const n = 6;
  const words = Array.from({ length: n }, (_, i) => threefry2x32(0, 3, 0, i));
  const unit = words.map(([a, b]) => ((a ^ b) >>> 8) * 2 ** -24);
  const bell = words.map(
    ([a, b]) =>
      Math.sqrt(-2 * Math.log(((a >>> 8) + 1) * 2 ** -24)) * Math.cos(2 * Math.PI * (b >>> 8) * 2 ** -24),
  );
  const key = m.key(3);
  expect(m.uniform(key, 2, { dtype: "f16" }).dtype).toBe("f16");
  await check({
    uniform: [m.uniform(key, n), unit, 0],
    "between bounds": [m.uniform(key, n, { min: -2, max: 6 }), unit.map((u) => -2 + 8 * u)],
    normal: [m.normal(key, n), bell, 2e-5],
    "moved and widened": [m.normal(key, [n], { mean: 100, std: 2 }), bell.map((z) => 100 + 2 * z)],
    "gradient of the mean": [
      m.grad((mean: m.Tensor) => m.normal(key, [3, 2], { mean }).sum())(m.tensor([0, 1])),
      [3, 3],
    ],
    empty: [m.normal(key, [0, 2]), []],
  });
});

test("the distributions have their moments", async () => {
  const n = 20000;
  const [a, b, c, d] = m.unstack(m.splitKey(m.key(1), 4)) as [m.Tensor, m.Tensor, m.Tensor, m.Tensor];
  const u = m.uniform(a, n);
  const z = m.normal(b, n);
  const coins = m.bernoulli(c, 0.3, n).cast("f32");
  const dice = m.randint(d, n, { low: 1, high: 7 });
  const faces = m.oneHot(dice, 8).mean({ axis: 0 });
  // About five standard errors each.
  const around = async (x: m.Tensor, want: number, error: number) =>
    expect(Math.abs((await x.item()) - want)).toBeLessThan(error);
  await around(u.mean(), 0.5, 0.011);
  await around(u.variance(), 1 / 12, 0.003);
  await around(z.mean(), 0, 0.036);
  await around(z.variance(), 1, 0.05);
  await around(z.pow(4).mean(), 3, 0.35);
  await around(u.mul(z).mean(), 0, 0.02);
  await around(coins.mean(), 0.3, 0.017);
  const shares = await faces.data();
  expect([shares[0], shares[7]]).toEqual([0, 0]);
  for (const share of shares.subarray(1, 7)) expect(Math.abs(share - 1 / 6)).toBeLessThan(0.014);
});

test("integers are the upper part of 64 bits times the span", async () => {
  const key = m.key(9);
  const n = 8;
  const want = (span: bigint, low: bigint) =>
    Array.from({ length: n }, (_, i) => {
      const [first, second] = threefry2x32(0, 9, 0, i);
      return Number((((BigInt(first) << 32n) | BigInt(second)) * span) >> 64n) + Number(low);
    });
  const int32 = { low: -(2 ** 31), high: 2 ** 31 };
  await check({
    small: [m.randint(key, n, { high: 10 }), want(10n, 0n), 0],
    negative: [m.randint(key, n, { low: -5, high: 6 }), want(11n, -5n), 0],
    large: [m.randint(key, n, { low: -(2 ** 31), high: 2 ** 31 - 1 }), want(2n ** 32n - 1n, -(2n ** 31n)), 0],
    "all of i32": [m.randint(key, n, int32), want(2n ** 32n, -(2n ** 31n)), 0],
    unsigned: [m.randint(key, n, { high: 2 ** 32, dtype: "u32" }), want(2n ** 32n, 0n), 0],
    "one value": [m.randint(key, 2, { low: 4, high: 5 }), [4, 4], 0],
  });
  expect(errorOf(() => m.randint(key, 1, { high: 0 }))).toMatchObject({ name: "AxisError", op: "randint" });
  expect(errorOf(() => m.randint(key, 1, { low: -1, high: 2, dtype: "u32" })).name).toBe("AxisError");
});

test("bernoulli", async () => {
  const key = m.key(5);
  await check({
    never: [m.bernoulli(key, 0, 3), [false, false, false]],
    always: [m.bernoulli(key, m.ones([3])), [true, true, true]],
    "a probability each": [
      m.bernoulli(key, m.tensor([0, 1]), [2, 2]),
      [
        [false, true],
        [false, true],
      ],
    ],
  });
});

test("permutation and choice", async () => {
  const key = m.key(11);
  const n = 100;
  const bits = Array.from({ length: n }, (_, i) => {
    const [a, b] = threefry2x32(0, 11, 0, i);
    return (a ^ b) >>> 0;
  });
  const order = bits.map((_, i) => i).sort((i, j) => (bits[i] as number) - (bits[j] as number));
  const weights = m.tensor([0, 1, 0, 3]);
  const many = m.choice(key, 4, 20000, { weights });
  await check({
    permutation: [m.permutation(key, n), order, 0],
    "without replacement": [
      m.choice(key, n, [2, 2], { replace: false }),
      [order.slice(0, 2), order.slice(2, 4)],
      0,
    ],
    "with replacement": [
      m
        .choice(key, n, 5)
        .equal(m.randint(key, 5, { high: n }))
        .all(),
      true,
    ],
    "weights of 0 are never chosen": [m.oneHot(many, 4).sum({ axis: 0 }).slice([0, 3, 2]), [0, 0], 0],
    "what is left": [m.sort(m.choice(key, 4, 2, { replace: false, weights })), [1, 3], 0],
  });
  expect(Math.abs((await many.equal(3).cast("f32").mean().item()) - 0.75)).toBeLessThan(0.016);
  expect(errorOf(() => m.choice(key, 3, 4, { replace: false }))).toMatchObject({
    name: "AxisError",
    op: "choice",
  });
});

test("keys are checked", () => {
  expect(errorOf(() => m.key(-1))).toMatchObject({ name: "AxisError", op: "key" });
  expect(errorOf(() => m.foldIn(m.key(1), 0.5))).toMatchObject({ name: "AxisError", op: "foldIn" });
  expect(errorOf(() => m.uniform(m.zeros([2]), 3))).toMatchObject({ name: "ShapeError", op: "uniform" });
  expect(errorOf(() => m.splitKey(m.splitKey(m.key(1))))).toMatchObject({
    name: "ShapeError",
    op: "splitKey",
  });
});
