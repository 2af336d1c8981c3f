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
});
