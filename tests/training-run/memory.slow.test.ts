// Runs keep the memory they have taken: steps, looks, snapshots and checkpoints leave nothing behind.
import { beforeAll, expect, test } from "vitest";
import { configureDevice, getDevice } from "../../mod.ts";
import type { Method } from "../../training/method.ts";
import { pretrain } from "../../training/pretrain.ts";
import { memoryStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { collectGarbage } from "../support/memory.ts";
import { smallMethod, specks } from "./small.ts";
import { stripes, tinyMethod } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

test.each<[string, Method<unknown>, object]>([
  ["in whole batches", smallMethod() as Method<unknown>, {}],
  ["piece by piece", smallMethod() as Method<unknown>, { microBatch: 2 }],
  ["of ScatSimCLR", tinyMethod() as Method<unknown>, {}],
])("a run %s", { timeout: 200_000 }, async (_, method, more) => {
  const device = await getDevice();
  const images = method.name === "small" ? specks(8) : stripes(8);
  const options = { batch: 4, monitorEvery: 10, snapshotEvery: 7, checkpointEvery: 20 };
  const live: number[] = [];
  for await (const event of pretrain(method, images, {
    epochs: 31,
    store: memoryStore(),
    ...options,
    ...more,
  })) {
    if (event.type !== "step" || (event.step !== 12 && event.step !== 62)) continue;
    await device.idle();
    await collectGarbage();
    live.push(device.memory().live);
  }
  expect(live).toHaveLength(2);
  expect(live[1]).toBeLessThanOrEqual(live[0] as number);
});
