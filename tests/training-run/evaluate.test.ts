import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../data/images.ts";
import { batchOf, channelStatistics, normaliseChannels } from "../../data/images.ts";
import { compile, configureDevice, type Tensor } from "../../mod.ts";
import { type Embeddings, embed, rowsOf } from "../../training/evaluate/embeddings.ts";
import { knnAccuracy } from "../../training/evaluate/knn.ts";
import { lbfgs } from "../../training/evaluate/lbfgs.ts";
import { linearProbeAccuracy } from "../../training/evaluate/linear-probe.ts";
import { retrieval } from "../../training/evaluate/retrieval.ts";
import { spread } from "../../training/monitors/spread.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const rows = (...values: number[][]): Embeddings => ({
  count: values.length,
  width: values[0]!.length,
  values: Float32Array.from(values.flat()),
});

describe("retrieval", () => {
  test("counts how near the right one is", async () => {
    const gallery = rows([1, 0], [0, 1], [-1, 0]);
    expect(await retrieval(gallery, gallery)).toEqual([1, 1]);
    const query = rows([1, 0.1], [1, 0.9], [-0.2, 1]); // the second prefers the first, the third the second
    expect(await retrieval(query, gallery, [1, 2, 3])).toEqual([1 / 3, 1, 1]);
  });

  test("does not look at lengths, and does not favour ties", async () => {
    expect(await retrieval(rows([5, 0], [0, 0.1]), rows([0.1, 0], [0, 7]))).toEqual([1, 1]);
    expect(await retrieval(rows([1, 0], [1, 0]), rows([1, 0], [1, 0]), [1])).toEqual([0.5]);
  });

  test("finds nothing where there are no numbers", async () => {
    const lost = rows([Number.NaN, 1], [Number.NaN, 1]);
    expect(await retrieval(lost, lost, [1])).toEqual([0]);
  });

  test("wants pairs", async () => {
    await expect(retrieval(rows([1]), rows([1], [2]))).rejects.toThrow("1 queries in a gallery of 2");
  });
});

describe("classification", () => {
  /** Two classes around (2, 0) and (0, 2), of different sizes. */
  const cloud = (count: number, phase: number) => {
    const labels = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 0 : 1));
    const points = labels.map((label, i) => [
      (label === 0 ? 2 : 0) + Math.sin(i * 7 + phase),
      (label === 1 ? 2 : 0) + Math.cos(i * 5 + phase),
      Math.sin(i),
    ]);
    return { embeddings: rows(...points), labels };
  };
  const [train, testSet] = [cloud(90, 0), cloud(60, 1)];

  test("nearest neighbours and a linear probe tell two clouds apart", async () => {
    expect(await knnAccuracy(train, testSet)).toBeGreaterThan(0.85);
    expect(await linearProbeAccuracy(train, testSet)).toBeGreaterThan(0.85);
    expect(await knnAccuracy(train, train, { k: 1 })).toBe(1);
  });

  test("labels that mean nothing are not learned", async () => {
    const shuffled = { ...testSet, labels: testSet.labels.map((_, i) => i % 2) };
    expect(Math.abs((await linearProbeAccuracy(train, shuffled)) - 0.5)).toBeLessThan(0.15);
  });
});

test("L-BFGS finds the bottom of a curved valley", async () => {
  const minimum = await lbfgs(
    ([x = 0, y = 0], gradient) => {
      gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x);
      gradient[1] = 200 * (y - x * x);
      return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
    },
    Float64Array.of(-1.2, 1),
  );
  expect(minimum[0]).toBeCloseTo(1, 5);
  expect(minimum[1]).toBeCloseTo(1, 5);
});

test("spread is 0 for one point and about 1 for all directions", () => {
  expect(spread(rows([1, 2], [2, 4], [3, 6]))).toBeCloseTo(0, 6);
  const around = Array.from({ length: 100 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 100;
    return [Math.cos(angle), Math.sin(angle)];
  });
  expect(spread(rows(...around))).toBeCloseTo(1, 6);
});

describe("images", () => {
  const images: ImageSet = {
    count: 3,
    height: 1,
    width: 2,
    channels: 3,
    data: Uint8Array.from({ length: 18 }, (_, i) => i * 10),
  };

  test("become batches with channels first", async () => {
    const batch = batchOf(images, [2, 0]);
    expect(batch.shape).toEqual([2, 3, 1, 2]);
    const bytes = Array.from(await batch.data(), (x) => Math.round(x * 255));
    expect(bytes).toEqual([120, 150, 130, 160, 140, 170, 0, 30, 10, 40, 20, 50]);
    expect(() => batchOf(images, [3])).toThrow("there is no image 3");
  });

  test("have statistics, and are normalised by them", async () => {
    const statistics = channelStatistics(images);
    expect(statistics.mean[0]).toBeCloseTo(75 / 255, 9);
    const data = await normaliseChannels(batchOf(images, [0, 1, 2]), statistics).data();
    const first = [0, 1, 2].flatMap((i) => [data[i * 6]!, data[i * 6 + 1]!]);
    const mean = first.reduce((a, b) => a + b, 0) / 6;
    expect(mean).toBeCloseTo(0, 5);
    expect(first.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 6).toBeCloseTo(1, 5);
  });

  test("of one value have no deviation, whatever rounding makes of it", () => {
    for (const value of [1, 85, 254]) {
      const data = new Uint8Array(3072).fill(value);
      const { std } = channelStatistics({ count: 3, height: 32, width: 32, channels: 1, data });
      expect(std[0]).toBeCloseTo(0, 6);
    }
  });

  test("are embedded in batches of one size", async () => {
    const sizes: (number | undefined)[] = [];
    const twice = compile((x: Tensor) => x.mul(2));
    const embeddings = await embed(
      images,
      (x) => {
        sizes.push(x.shape[0]);
        return twice(x);
      },
      { batch: 2 },
    );
    expect(sizes).toEqual([2, 2]);
    expect(embeddings).toMatchObject({ count: 3, width: 6 });
    expect(rowsOf(embeddings, [2]).values[0]).toBeCloseTo((120 / 255) * 2, 6);
  });
});
