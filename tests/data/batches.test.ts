import { beforeAll, describe, expect, test } from "vitest";
import { batchOf, type ImageSet } from "../../data/images.ts";
import { type Batch, batches, type Cursor, epochOrder } from "../../data/loader/batches.ts";
import { shuffled } from "../../data/loader/shuffle.ts";
import { configureDevice, getDevice } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectSteadyMemory } from "../support/memory.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

function setOf(count: number, height: number, width: number, channels: number): ImageSet {
  const data = Uint8Array.from({ length: count * height * width * channels }, (_, i) => (i * 37) % 256);
  return { count, height, width, channels, data };
}

async function taken(set: ImageSet, options: Parameters<typeof batches>[1], most = 100): Promise<Batch[]> {
  const result: Batch[] = [];
  for await (const batch of batches(set, options)) {
    result.push(batch);
    if (result.length === most) break;
  }
  return result;
}

describe.each([
  [7, 4, 5, 3],
  [5, 3, 3, 1], // 9 bytes an image: words hold parts of two
  [4, 16, 16, 3],
] as const)("%i images of %i x %i x %i", (count, height, width, channels) => {
  test("are bit by bit those of batchOf", async () => {
    const set = setOf(count, height, width, channels);
    for (const { images, indices } of await taken(set, { batch: 3, epochs: 2 })) {
      expect(images.shape).toEqual([3, channels, height, width]);
      expect(await images.data()).toEqual(await batchOf(set, indices).data());
    }
  });
});

test("an epoch shows every image once, but for what is left over, in an order of its own", async () => {
  const all = await taken(setOf(10, 2, 2, 1), { batch: 3, epochs: 2, seed: 4 });
  expect(all.map(({ cursor }) => cursor)).toEqual(
    [0, 1].flatMap((epoch) => [0, 1, 2].map((step) => ({ epoch, step }))),
  );
  const indices = all.map((batch) => [...batch.indices]);
  expect(new Set(indices.slice(0, 3).flat()).size).toBe(9);
  expect(indices.slice(0, 3)).not.toEqual(indices.slice(3));
});

test("goes on from any cursor with the same batches", async () => {
  const set = setOf(9, 2, 2, 3);
  const options = { batch: 2, epochs: 3, seed: 11 };
  const whole = await taken(set, options);
  const stops: Cursor[] = whole.map(({ next }) => next);
  for (const [at, from] of stops.entries()) {
    const rest = await taken(set, { ...options, from });
    expect(rest.map(({ indices }) => [...indices])).toEqual(
      whole.slice(at + 1).map(({ indices }) => [...indices]),
    );
  }
});

test("orders follow from seed and epoch, and are the same for ever", () => {
  expect([...epochOrder(12, 0, 0)]).toEqual([0, 6, 5, 4, 7, 1, 8, 9, 2, 11, 10, 3]);
  expect([...epochOrder(12, 5, 3)]).toEqual([1, 0, 9, 7, 11, 10, 4, 2, 8, 3, 5, 6]);
  const orders = [0, 1, 2 ** 32, 2 ** 40].flatMap((seed) =>
    [0, 1].map((epoch) => epochOrder(50, seed, epoch).join()),
  );
  expect(new Set(orders).size).toBe(orders.length);
});

test("every place is as likely for every item", () => {
  const counts = Array.from({ length: 8 }, () => new Array<number>(8).fill(0));
  const rounds = 4000;
  for (let seed = 0; seed < rounds; seed++) {
    shuffled(8, seed).forEach((item, place) => {
      (counts[place] as number[])[item]!++;
    });
  }
  // 64 counts around 500 with a deviation of 21.
  for (const count of counts.flat()) expect(Math.abs(count - rounds / 8)).toBeLessThan(90);
});

test("refuses what is no batch or no place", async () => {
  const set = setOf(4, 2, 2, 1);
  await expect(taken(set, { batch: 5 })).rejects.toThrow("4 images are no batch of 5");
  await expect(taken(set, { batch: 0 })).rejects.toThrow("batches of 0");
  await expect(taken(set, { batch: 2, from: { epoch: 0, step: 3 } })).rejects.toThrow("no batch 3");
});

test("takes no more memory with time, and gives back what was made ahead", async () => {
  const device = await getDevice();
  const set = setOf(8, 8, 8, 3);
  const stream = batches(set, { batch: 4 });
  await expectSteadyMemory(device, { warmup: 4, steps: 20 }, async () => {
    const { value } = await stream.next();
    await value.images.sum().item();
    value.images.dispose();
  });
  await stream.return(undefined);
  await expectSteadyMemory(device, { warmup: 2, steps: 5 }, async () => {
    for await (const { images } of batches(set, { batch: 4, epochs: 2 })) {
      images.dispose();
      break;
    }
  });
});
