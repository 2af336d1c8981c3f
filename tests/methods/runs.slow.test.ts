// Runs of every method: in parts, on a device that is lost, and for long.
import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, getDevice } from "../../mod.ts";
import { methodOf, rateOf } from "../../training/job/method-of.ts";
import { pretrain } from "../../training/pretrain.ts";
import type { TrainingEvent } from "../../training/run/events.ts";
import type { PretrainOptions } from "../../training/run/options.ts";
import { memoryStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { collectGarbage } from "../support/memory.ts";
import { lossesOf, plain } from "../training-run/small.ts";
import { stripes } from "../training-run/tiny.ts";
import { methodNames, tinyRecipes } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const images = stripes(8, 16);
// Two steps an epoch.
const usual = { epochs: 3, batch: 4, seed: 5, snapshotEvery: 2, checkpointEvery: 3 };
const LAST = "checkpoint-00000006.safetensors";

const lose = async (): Promise<void> => (await getDevice()).gpu.destroy();

describe.each(methodNames)("%s", { timeout: 600_000 }, (name) => {
  const recipe = tinyRecipes[name];

  async function run(
    options: Partial<PretrainOptions>,
    see: (event: TrainingEvent<unknown>) => unknown = () => undefined,
  ): Promise<TrainingEvent<unknown>[]> {
    const schedule = rateOf(recipe, 6);
    const events: TrainingEvent<unknown>[] = [];
    const all = { ...usual, ...(schedule && { schedule }), ...options };
    for await (const event of pretrain(methodOf(recipe, images), images, all)) {
      events.push(event);
      await see(event);
    }
    return events;
  }

  const told = (events: readonly TrainingEvent<unknown>[]) =>
    plain(events).filter(({ type }) => ["step", "epoch", "monitors"].includes(type as string));

  test("in parts, and on two devices, it has the bits of a run in one piece", async () => {
    const [whole, parts, lost] = [memoryStore(), memoryStore(), memoryStore()];
    const expected = await run({ store: whole, monitorEvery: 3 });
    expect(lossesOf(expected)).toHaveLength(6);
    expect(new Set(lossesOf(expected)).size).toBeGreaterThan(3);
    const last = await whole.read(LAST);
    expect(last?.length).toBeGreaterThan(1000);

    const stop = new AbortController();
    const first = await run({ store: parts, monitorEvery: 3, signal: stop.signal }, (event) => {
      if (event.type === "step" && event.step === 4) stop.abort();
    });
    const rest = await run({ store: parts, monitorEvery: 3, resume: true });
    expect(rest[0]).toMatchObject({ type: "start" });
    expect((rest[0] as { done: number }).done).toBeGreaterThanOrEqual(4);
    expect(told([...first, ...rest])).toEqual(told(expected));
    expect(await parts.read(LAST)).toEqual(last);

    const events = await run({ store: lost, monitorEvery: 3 }, async (event) => {
      if (event.type === "step" && event.step === 4) await lose();
    });
    expect(events.filter(({ type }) => type === "recovered")).toHaveLength(1);
    expect(told(events)).toEqual(told(expected));
    expect(await lost.read(LAST)).toEqual(last);
  });

  test("its memory does not grow", async () => {
    const device = await getDevice();
    const live: number[] = [];
    await run({ epochs: 13, monitorEvery: 0, checkpointEvery: 100 }, async (event) => {
      if (event.type !== "step" || ![6, 16, 26].includes(event.step)) return;
      await device.idle();
      await collectGarbage();
      live.push(device.memory().live);
    });
    expect(live).toHaveLength(3);
    // At the last step nothing runs ahead of what is looked at.
    expect(live[1]).toBe(live[0]);
    expect(live[2]).toBeLessThanOrEqual(live[1] as number);
  });
});
