// Batches that a device has no room for: the run falls back to pieces by itself.
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDevice, OutOfMemoryError, setDevice } from "../../mod.ts";
import type { TrainingEvent } from "../../training/run/events.ts";
import { memoryStore } from "../../training/run/store.ts";
import { type Faults, faultyDevice } from "../support/faulty-device.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, lossesOf, plain, smallMethod, specks } from "./small.ts";

const gpu = nodeGPU(); // lives as long as the device, which needs it
let raw: GPUDevice;
let faults: Faults;
beforeAll(async () => {
  raw = (await (await gpu.requestAdapter())?.requestDevice()) as GPUDevice;
});
beforeEach(async () => {
  faults = {};
  setDevice(await createDevice({ device: faultyDevice(raw, faults) }));
});

const method = smallMethod({ hidden: 1000 });
const images = specks(480);
const options = { epochs: 2, batch: 240, monitorEvery: 0 };
/** Room for the state, and for the work of some 60 images but not of 240. */
const LITTLE = 5.5e6;

const warnings = (events: readonly TrainingEvent<unknown>[]) =>
  events.flatMap((event) => (event.type === "warning" ? [event] : []));

function expectClose(losses: readonly number[], wanted: readonly number[]): void {
  expect(losses).toHaveLength(wanted.length);
  losses.forEach((loss, i) => {
    expect(loss).toBeCloseTo(wanted[i] as number, 4);
  });
}

describe("a batch that does not fit", () => {
  test("goes through the model in pieces, with the losses of the whole, and one line says so", async () => {
    const whole = await eventsOf(options, { method, images });
    expect(warnings(whole)).toEqual([]);
    setDevice(await createDevice({ device: faultyDevice(raw, faults) }));
    faults.memory = LITTLE;
    const store = memoryStore();
    const events = await eventsOf({ ...options, store }, { method, images });
    expect(events[0]).toMatchObject({ type: "start", microBatch: 240 });
    expectClose(lossesOf(events), lossesOf(whole));
    const told = warnings(events);
    expect(told.length).toBeGreaterThan(0);
    for (const { topic, message } of told) {
      expect(topic).toBe("memory");
      expect(message).toMatch(/^\d+ images at once do not fit \(out of device memory.*: \d+ go through/);
      expect(message).not.toContain("\n");
    }
    const metrics = new TextDecoder().decode((await store.read("metrics.jsonl")) as Uint8Array);
    expect(metrics).toContain('"topic":"memory"');
    // The pieces are a run's own: it goes on with them where there is more room, and the bits are those of that run.
    const size = Number(/: (\d+) go through/.exec(told.at(-1)?.message ?? "")?.[1]);
    faults.memory = Number.POSITIVE_INFINITY;
    const alike = await eventsOf({ ...options, microBatch: size }, { method, images });
    expect(lossesOf(alike)).toEqual(lossesOf(events));
    const longer = await eventsOf({ ...options, store, resume: true }, { method, images });
    expect(longer[0]).toMatchObject({ type: "start", microBatch: size, done: 4 });
  });

  test("in the middle of a run goes on from the last copy of the state, and so does a resumed one", async () => {
    const whole = lossesOf(await eventsOf(options, { method, images }));
    setDevice(await createDevice({ device: faultyDevice(raw, faults) }));
    const store = memoryStore();
    const stop = new AbortController();
    const refuse = (event: TrainingEvent<unknown>) => {
      if (event.type !== "step") return;
      if (event.step === 2) {
        let refusals = 0;
        // Whatever is made anew now is refused twice: the second time ends the step.
        faults.refuses = (_, label) => label !== "staging" && refusals++ < 20;
      }
      if (event.step === 3) stop.abort();
    };
    const all = { ...options, store, checkpointEvery: 1, signal: stop.signal };
    const events = await eventsOf(all, { method, images, see: refuse });
    expect(events.filter(({ type }) => type === "end")).toMatchObject([{ stopped: true }]);
    const rest = await eventsOf({ ...options, checkpointEvery: 1, store, resume: true }, { method, images });
    expectClose([...lossesOf(events), ...lossesOf(rest)], whole);
    expect(plain(rest)[0]).toMatchObject({ microBatch: expect.any(Number), done: lossesOf(events).length });
  });

  test("fails where no piece is small enough, where the pieces were asked for, and where there are none", async () => {
    faults.memory = 1e6;
    await expect(eventsOf(options, { method, images })).rejects.toThrow(OutOfMemoryError);
    const asked: TrainingEvent<unknown>[] = [];
    const see = (event: TrainingEvent<unknown>) => asked.push(event);
    faults.memory = LITTLE;
    await expect(eventsOf({ ...options, microBatch: 240 }, { method, images, see })).rejects.toThrow(
      "out of device memory",
    );
    const { parts: _, ...undivided } = method;
    await expect(eventsOf(options, { method: undivided as typeof method, images, see })).rejects.toThrow(
      OutOfMemoryError,
    );
    expect(warnings(asked)).toEqual([]);
  });
});
