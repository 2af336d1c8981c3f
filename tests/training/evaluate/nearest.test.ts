import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, getDevice } from "../../../mod.ts";
import type { Embeddings } from "../../../training/evaluate/embeddings.ts";
import { knn, knnVotes } from "../../../training/evaluate/knn.ts";
import { nearest } from "../../../training/evaluate/nearest.ts";
import { similarityRows } from "../../../training/evaluate/similarity.ts";
import { relativeDistance } from "../../golden/closeness.ts";
import { goldenTest } from "../../golden/golden-file.ts";
import { nodeGPU } from "../../support/host.ts";
import { clouds, cosine } from "./clouds.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("nearest rows", () => {
  // More queries than one block holds, and a last block that is not full.
  const gallery = clouds(90, 5, 3, { seed: 1, apart: 1 }).embeddings;
  const queries = clouds(300, 5, 3, { seed: 2, apart: 1 }).embeddings;

  test("are those of a full sort in float64", async () => {
    const { indices, similarities, k } = await nearest(queries, gallery, { k: 7 });
    for (let i = 0; i < queries.count; i++) {
      const all = Array.from({ length: gallery.count }, (_, j) => ({ j, s: cosine(queries, i, gallery, j) }));
      all.sort((a, b) => b.s - a.s || a.j - b.j);
      for (let n = 0; n < k; n++) {
        expect(similarities[i * k + n]).toBeCloseTo(all[n]!.s, 5);
        expect(cosine(queries, i, gallery, indices[i * k + n]!)).toBeCloseTo(all[n]!.s, 5);
      }
    }
  });

  test("leave the query itself out, and take equals in their order", async () => {
    const same: Embeddings = { count: 4, width: 2, values: Float32Array.of(1, 0, 2, 0, 0, 1, 3, 0) };
    const { indices } = await nearest(same, same, { k: 9, exceptSelf: true });
    expect([...indices.subarray(0, 3)]).toEqual([1, 3, 2]);
    expect([...indices.subarray(3, 6)]).toEqual([0, 3, 2]);
  });

  test("want something to choose from", async () => {
    const one: Embeddings = { count: 1, width: 1, values: Float32Array.of(1) };
    await expect(nearest(one, one, { exceptSelf: true })).rejects.toThrow("0 neighbours in a gallery of 1");
    await expect(nearest(one, gallery).then(String)).rejects.toThrow("rows of 1 numbers and of 5");
  });

  test("of rows that do not fit into one tensor come from several blocks", async () => {
    // Two million numbers a row: four rows fill a block.
    const width = 2 ** 21;
    const values = new Float32Array(5 * width);
    for (let row = 0; row < 5; row++) values[row * width + row] = row + 1;
    const wide: Embeddings = { count: 5, width, values };
    const found: number[] = [];
    for await (const { from, count, scores } of similarityRows(wide, wide)) {
      expect(scores).toHaveLength(count * 5);
      for (let i = 0; i < count; i++) found.push(scores[i * 5 + from + i] as number);
    }
    expect(found).toEqual([1, 4, 9, 16, 25]);
  });

  test("free what they used", async () => {
    const device = await getDevice();
    await nearest(queries, gallery);
    await device.idle();
    const before = device.memory().live;
    await nearest(queries, gallery);
    await device.idle();
    expect(device.memory().live).toBe(before);
  });
});

goldenTest("dino/knn", "k-NN: the golden neighbours, votes and accuracies", async (golden) => {
  const numbers = (name: string) => golden.values(name);
  const embeddings = (name: string): Embeddings => {
    const { shape } = golden.array(name);
    return { count: shape[0]!, width: shape[1]!, values: Float32Array.from(numbers(name)) };
  };
  const train = { embeddings: embeddings("input.train"), labels: numbers("input.train_labels") };
  const tested = { embeddings: embeddings("input.test"), labels: numbers("input.test_labels") };
  for (const k of [5, 10, 20]) {
    const found = await nearest(tested.embeddings, train.embeddings, { k });
    expect([...found.indices]).toEqual([...numbers(`k${k}.index`)]);
    expect(relativeDistance(found.similarities, numbers(`k${k}.sim`))).toBeLessThan(1e-6);
    const votes = knnVotes(found, train.labels, 10, { temperature: 0.07 });
    expect(relativeDistance(votes, numbers(`k${k}.votes`))).toBeLessThan(1e-5);
    const { accuracy, predictions } = await knn(train, tested, { k, temperature: 0.07 });
    expect([...predictions]).toEqual([...numbers(`k${k}.pred`)]);
    expect(accuracy * 100).toBeCloseTo(numbers(`k${k}.accuracy`)[0]!, 2);
  }
});
