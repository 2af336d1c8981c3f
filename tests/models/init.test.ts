import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, key, type Tensor } from "../../mod.ts";
import {
  Conv2d,
  ConvTranspose2d,
  Embedding,
  fans,
  kaimingNormal,
  kaimingUniform,
  keyStream,
  Linear,
  MultiheadAttention,
  truncNormal,
  xavierNormal,
  xavierUniform,
} from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const next = keyStream(key(11));

interface Summary {
  mean: number;
  std: number;
  largest: number;
}

async function summary(x: Tensor): Promise<Summary> {
  const data = await x.data();
  let [sum, squares, largest] = [0, 0, 0];
  for (const v of data) {
    sum += v;
    squares += v * v;
    largest = Math.max(largest, Math.abs(v));
  }
  const mean = sum / data.length;
  return { mean, std: Math.sqrt(squares / data.length - mean * mean), largest };
}

/** A uniform sample fills its bounds and has the deviation that belongs to them. */
async function expectUniform(x: Tensor, bound: number): Promise<void> {
  const { mean, std, largest } = await summary(x);
  expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
  expect(largest).toBeGreaterThan(bound * (1 - 40 / x.size));
  // Five standard errors of the deviation of n uniform values.
  expect(Math.abs(std / (bound / Math.sqrt(3)) - 1)).toBeLessThan(2.24 / Math.sqrt(x.size));
  expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * x.size));
}

async function expectNormal(x: Tensor, std: number): Promise<void> {
  const found = await summary(x);
  expect(Math.abs(found.std / std - 1)).toBeLessThan(3.54 / Math.sqrt(x.size));
  expect(Math.abs(found.mean)).toBeLessThan((5 * std) / Math.sqrt(x.size));
  expect(found.largest).toBeGreaterThan(2.5 * std);
}

describe("layers start as torch's do", () => {
  test("uniform within 1 / sqrt(fan in)", async () => {
    const linear = new Linear({ key: next(), inFeatures: 50, outFeatures: 60 });
    await expectUniform(linear.weight, 1 / Math.sqrt(50));
    await expectUniform(linear.bias as Tensor, 1 / Math.sqrt(50));
    const conv = new Conv2d({ key: next(), inChannels: 12, outChannels: 64, kernelSize: 3, groups: 2 });
    await expectUniform(conv.weight, 1 / Math.sqrt(6 * 9));
    await expectUniform(conv.bias as Tensor, 1 / Math.sqrt(6 * 9));
    const up = new ConvTranspose2d({
      key: next(),
      inChannels: 20,
      outChannels: 12,
      kernelSize: 3,
      groups: 2,
    });
    await expectUniform(up.weight, 1 / Math.sqrt(6 * 9));
  });

  test("embedding and attention", async () => {
    await expectNormal(new Embedding({ key: next(), count: 100, width: 30 }).weight, 1);
    const attention = new MultiheadAttention({ key: next(), width: 40, heads: 4 });
    await expectUniform(attention.in_proj_weight, Math.sqrt(6 / (40 + 120)));
    await expectUniform(attention.out_proj.weight, 1 / Math.sqrt(40));
    expect((await summary(attention.in_proj_bias as Tensor)).largest).toBe(0);
    expect((await summary(attention.out_proj.bias as Tensor)).largest).toBe(0);
  });

  test("weight and bias are drawn apart, and one key gives one layer", async () => {
    const options = { inFeatures: 8, outFeatures: 8 };
    const [a, b, c] = [key(1), key(1), key(2)].map((k) => new Linear({ key: k, ...options }));
    const weights = await Promise.all([a, b, c].map((layer) => layer?.weight.data()));
    expect(weights[0]).toEqual(weights[1]);
    expect(weights[0]).not.toEqual(weights[2]);
    expect((await a?.bias?.data())?.[0]).not.toBe(weights[0]?.[0]);
  });
});

describe("initialisers", () => {
  test("fans", () => {
    expect(fans([8, 3, 5, 5])).toEqual({ fanIn: 75, fanOut: 200 });
    expect(() => fans([8])).toThrow(RangeError);
  });

  test("Kaiming and Xavier", async () => {
    const shape = [60, 50];
    await expectUniform(kaimingUniform(next(), shape), Math.sqrt(6 / 50));
    await expectUniform(kaimingUniform(next(), shape, { slope: Math.sqrt(5) }), 1 / Math.sqrt(50));
    await expectNormal(
      kaimingNormal(next(), shape, { mode: "fanOut", nonlinearity: "relu" }),
      Math.sqrt(2 / 60),
    );
    await expectNormal(kaimingNormal(next(), shape, { nonlinearity: "tanh" }), 5 / 3 / Math.sqrt(50));
    await expectUniform(xavierUniform(next(), shape, { gain: 2 }), 2 * Math.sqrt(6 / 110));
    await expectNormal(xavierNormal(next(), shape), Math.sqrt(2 / 110));
  });

  test("the truncated normal has its own deviation and shape", async () => {
    const x = await truncNormal(next(), [20000], { std: 0.02 }).data();
    const sorted = [...x].sort((a, b) => a - b);
    expect(Math.max(-(sorted[0] as number), sorted[19999] as number)).toBeLessThanOrEqual(0.04 + 1e-8);
    const std = Math.sqrt(sorted.reduce((sum, v) => sum + v * v, 0) / x.length);
    // Of a normal cut at two deviations.
    expect(std / 0.02).toBeCloseTo(0.8796, 1.5);
    // Quantiles: half of the values lie within 0.6403 deviations after the cut.
    expect((sorted[15000] as number) / 0.02).toBeCloseTo(0.6403, 1);
    expect(Math.abs(sorted[10000] as number) / 0.02).toBeLessThan(0.05);
  });

  test("wide bounds leave the normal whole, and one-sided ones hold", async () => {
    await expectNormal(truncNormal(next(), [5000], { std: 0.02, low: -2, high: 2 }), 0.02);
    const x = await truncNormal(next(), [2000], { mean: 1, std: 2, low: 1, high: 1.5 }).data();
    expect(Math.min(...x)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...x)).toBeLessThanOrEqual(1.5);
    expect([...x].reduce((a, b) => a + b) / 2000).toBeCloseTo(1.249, 1);
    expect(() => truncNormal(next(), [2], { low: 1, high: 0 })).toThrow(RangeError);
  });
});
