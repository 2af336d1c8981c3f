// Sizes at which launches need a second axis, sums are cut into pieces and rounding adds up; both families of kernels.
import { describe, expect, test } from "vitest";
import * as m from "../../mod.ts";
import { useDevice } from "../support/device.ts";
import { randomNumbers } from "./accuracy.ts";

const drawn = (count: number, seed: number): Float32Array => {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
};

const exactSum = (x: Float32Array): number => {
  let sum = 0;
  for (const v of x) sum += v;
  return sum;
};

describe.each(["software", "gpu"] as const)("%s kernels", (kernels) => {
  useDevice({ kernels });

  test("more elements than one axis of workgroups holds", async () => {
    const n = 65535 * 64 + 1000;
    const data = await m.arange(n).mul(3).data();
    const wrong = data.findIndex((x, i) => x !== 3 * i);
    expect(wrong).toBe(-1);
  });

  test("more rows than one axis of workgroups holds", async () => {
    // Threads take rows, 16 or 64 to a group.
    const rows = kernels === "software" ? 65535 * 16 + 77 : 65535 * 64 + 77;
    const x = m
      .arange(rows)
      .reshape([rows, 1])
      .add(m.tensor(Int32Array.of(0, 1)));
    const sums = await x.sum({ axis: 1 }).data();
    expect(sums.findIndex((s, i) => s !== 2 * i + 1)).toBe(-1);
  });

  test("more rows of a workgroup each than one axis holds", async () => {
    const [rows, length] = [65601, 66];
    const x = m.arange(rows).reshape([rows, 1]).add(m.arange(length));
    const largest = await x.max({ axis: 1 }).data();
    expect(largest.findIndex((s, i) => s !== i + length - 1)).toBe(-1);
  });

  test("sums, products and extremes of a million numbers", async () => {
    const n = 1_000_003;
    const data = drawn(n, 1);
    const x = m.tensor(data);
    const magnitude = data.reduce((a, b) => a + Math.abs(b), 0);
    const bound = 4 * 2 ** -24 * Math.log2(n) * magnitude;
    expect(Math.abs((await x.sum().item()) - exactSum(data))).toBeLessThan(bound);
    expect(await x.max().item()).toBe(data.reduce((a, b) => Math.max(a, b)));
    const at = await x.argmin().item();
    expect(at).toBe(data.indexOf(data.reduce((a, b) => Math.min(a, b))));
    const squares = data.reduce((a, b) => a + b * b, 0);
    const dot = await m.dot(x, x).item();
    expect(Math.abs(dot - squares) / squares).toBeLessThan(1e-5);
  });

  test("the mean of numbers far from zero keeps its digits", async () => {
    const data = drawn(500_000, 2).map((v) => 1000 + v);
    const exact = exactSum(data) / data.length;
    expect(Math.abs((await m.tensor(data).mean().item()) - exact)).toBeLessThan(1e-3);
    const spread = data.reduce((a, b) => a + (b - exact) ** 2, 0) / data.length;
    expect(Math.abs((await m.tensor(data).variance().item()) - spread)).toBeLessThan(1e-3);
  });

  test("softmax, running sums and orders of long rows", async () => {
    const n = 40_000;
    const data = drawn(n, 3);
    const x = m.tensor(data).reshape([1, n]);
    const p = (await m.softmax(x.mul(10)).data()) as Float32Array;
    expect(exactSum(p)).toBeCloseTo(1, 4);
    const running = (await x.cumsum({ axis: 1 }).data()) as Float32Array;
    let sum = 0;
    let worst = 0;
    data.forEach((v, i) => {
      sum += v;
      worst = Math.max(worst, Math.abs(sum - (running[i] as number)));
    });
    expect(worst).toBeLessThan(2e-3);
    const order = (await x.argsort().data()) as Int32Array;
    const sorted = Array.from(order, (i) => data[i] as number);
    expect(sorted.findIndex((v, i) => i > 0 && v < (sorted[i - 1] as number))).toBe(-1);
    expect(new Set(order).size).toBe(n);
  });

  test("a product along a long axis", async () => {
    const k = 200_000;
    const [a, b] = [drawn(2 * k, 4), drawn(3 * k, 5)];
    const c = await m.matmul(m.tensor(a).reshape([2, k]), m.tensor(b).reshape([k, 3])).data();
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) {
        let sum = 0;
        for (let q = 0; q < k; q++) sum += (a[i * k + q] as number) * (b[q * 3 + j] as number);
        expect(Math.abs((c[i * 3 + j] as number) - sum)).toBeLessThan(0.02);
      }
  });
  test("updates of thousands of rows, which are sorted, go where few would go", async () => {
    const [n, count, width] = [3000, 700, 3];
    const random = randomNumbers(3);
    // Some are outside, some count from the end, and low ones come many times.
    const at = Int32Array.from({ length: count }, () => Math.floor(random() ** 3 * (2 * n + 4)) - n - 2);
    const updates = drawn(count * width, 4);
    const base = drawn(n * width, 5);
    const sums = Float64Array.from(base);
    const written = Float64Array.from(base);
    at.forEach((index, i) => {
      const row = index < 0 ? index + n : index;
      if (row < 0 || row >= n) return;
      for (let j = 0; j < width; j++) {
        sums[row * width + j]! += updates[i * width + j] as number;
        written[row * width + j] = updates[i * width + j] as number;
      }
    });
    const x = m.tensor(base, { shape: [n, width] });
    const u = m.tensor(updates, { shape: [count, width] });
    const added = await m.indexAdd(x, m.tensor(at), u).data();
    expect(Math.max(...added.map((v, i) => Math.abs(v - (sums[i] as number))))).toBeLessThan(1e-5);
    expect(Array.from(await m.indexSet(x, m.tensor(at), u).data())).toEqual(Array.from(written));
    const inside = m.tensor(at.map((i) => ((i % n) + n) % n));
    const uses = m.grad((t: m.Tensor) => m.take(t, inside, { axis: 0 }).sum())(x);
    expect(await uses.sum().item()).toBe(count * width);
  });

  test("updates that differ from row to row are sorted in each", async () => {
    const [rows, n, count] = [4, 2000, 600];
    const random = randomNumbers(6);
    const at = Int32Array.from({ length: rows * count }, () => Math.floor(random() * n));
    const updates = drawn(rows * count, 7);
    const sums = new Float64Array(rows * n);
    const written = new Float64Array(rows * n);
    at.forEach((index, i) => {
      const to = Math.floor(i / count) * n + index;
      sums[to]! += updates[i] as number;
      written[to] = updates[i] as number;
    });
    const shape = [rows, count];
    for (const axis of [1, 0]) {
      const turned = (x: m.Tensor) => (axis === 1 ? x : x.transpose());
      const args = [turned(m.tensor(at, { shape })), turned(m.tensor(updates, { shape })), { axis }] as const;
      const added = await turned(m.scatterAdd(turned(m.zeros([rows, n])), ...args)).data();
      expect(Math.max(...added.map((v, i) => Math.abs(v - (sums[i] as number))))).toBeLessThan(1e-5);
      const set = await turned(m.scatterSet(turned(m.zeros([rows, n])), ...args)).data();
      expect(Array.from(set)).toEqual(Array.from(written));
    }
  });
});
