import { expect, test } from "vitest";
import type { Embeddings } from "../../../training/evaluate/embeddings.ts";
import { pairRanks } from "../../../training/job/ranks.ts";
import { whitenedScore } from "../../../training/job/whitened.ts";
import { useNodeDevice } from "../../functions/check.ts";

useNodeDevice();

const WIDTH = 5;

/**
 * Rows whose first two numbers are large and mean nothing, and whose others tell the class, or the pair; rows 2 i and 2 i + 1
 * are of one kind.
 */
function rows(count: number, seed: number): Embeddings {
  const values = new Float32Array(count * WIDTH);
  for (let row = 0; row < count; row++) {
    const kind = Math.floor(row / 2);
    const noise = [12.9, 78.2].map((speed) => 30 * Math.sin((row + 1) ** 2 * speed + seed));
    const place = [...noise, ...[1, 2, 3].map((k) => Math.sin(kind * 1.3 * k + k))];
    values.set(place, row * WIDTH);
  }
  return { count, width: WIDTH, values };
}

const PAIRS = 12;
const pairs = {
  first: Array.from({ length: PAIRS }, (_, i) => 2 * i),
  second: Array.from({ length: PAIRS }, (_, i) => 2 * i + 1),
  question: "?",
};
const images = rows(2 * PAIRS, 1);

test("directions that are long and say nothing drown what the others say, until all count alike", async () => {
  const plain = await pairRanks(images, pairs);
  const found = await whitenedScore(rows(200, 2), images, { pairs, labelled: null });
  expect(plain.first).toBeLessThan(0.3);
  expect(found?.pairs?.first).toBeGreaterThan(0.7);
  expect(found?.knn).toBeNull();
});

test("classes by the vote of neighbours, too", async () => {
  const train = rows(2 * PAIRS, 3);
  const labels = Array.from({ length: 2 * PAIRS }, (_, i) => Math.floor(i / 2) % 3);
  const labelled = { train: { embeddings: train, labels }, test: { embeddings: images, labels } };
  const found = await whitenedScore(train, images, { pairs: null, labelled });
  expect(found?.pairs).toBeNull();
  expect(found?.knn).toBeGreaterThan(0.3);
});

test("nothing is measured without pairs and labels, nor where too little is known", async () => {
  expect(await whitenedScore(rows(200, 2), images, { pairs: null, labelled: null })).toBeNull();
  expect(await whitenedScore(rows(3, 2), images, { pairs, labelled: null })).toBeNull();
});
