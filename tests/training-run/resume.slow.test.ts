// A run that is stopped, damaged or changed between its parts.
import { beforeAll, describe, expect, test } from "vitest";
import { KERNELS, type TuningTable } from "../../engine/core/profile.ts";
import { configureDevice, createDevice, type DeviceOptions, setDevice } from "../../mod.ts";
import { newestCheckpoint } from "../../training/run/checkpoints.ts";
import { METRICS, readMetrics } from "../../training/run/metrics-file.ts";
import type { RunRecord, Tiles } from "../../training/run/run-plan.ts";
import { checkSameRun, ResumeError } from "../../training/run/same-run.ts";
import { memoryStore, type RunStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, lossesOf, plain, smallMethod, specks } from "./small.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

// Four steps an epoch.
const usual = { epochs: 5, batch: 4, seed: 7, checkpointEvery: 3, monitorEvery: 5 };

/** The part of a run up to some step. */
async function partOf(store: RunStore, until: number, options = {}) {
  const stop = new AbortController();
  return eventsOf(
    { ...usual, ...options, store, resume: true, signal: stop.signal },
    { see: (event) => event.type === "step" && event.step === until && stop.abort() },
  );
}

const metricsOf = async (store: RunStore) => readMetrics((await store.read(METRICS)) ?? new Uint8Array());
const told = (lines: readonly Record<string, unknown>[]) =>
  lines.filter(({ type }) => ["step", "epoch", "monitors"].includes(type as string)).map(withoutClock);
const withoutClock = ({ imagesPerSecond: _, secondsLeft: __, ...rest }: Record<string, unknown>) => rest;

describe("a run in parts", () => {
  test("tells the same as one in one piece: losses, epochs and monitors, bit by bit", async () => {
    const [whole, parts] = [memoryStore(), memoryStore()];
    const expected = plain(await eventsOf({ ...usual, store: whole }));
    const all = [];
    for (const until of [2, 6, 7, 13, 99]) all.push(...plain(await partOf(parts, until)));
    const kinds = ["step", "epoch", "monitors"];
    const only = (events: Record<string, unknown>[]) =>
      events.filter(({ type }) => kinds.includes(type as string));
    expect(only(all)).toEqual(only(expected));
    expect(only(expected)).toHaveLength(20 + 5 + 5);
    expect(told(await metricsOf(parts))).toEqual(told(await metricsOf(whole)));
    const [a, b] = [await whole.list(), await parts.list()];
    expect(a).toEqual(["checkpoint-00000018.safetensors", "checkpoint-00000020.safetensors", METRICS]);
    expect(await parts.read(a[1] as string)).toEqual(await whole.read(a[1] as string));
    expect(b).toContain(a[1]);
  });

  test("that is done ends at once, with the state that it had", async () => {
    const store = memoryStore();
    const [first, again] = [
      await eventsOf({ ...usual, store }),
      await eventsOf({ ...usual, store, resume: true }),
    ];
    expect(again.map(({ type }) => type)).toEqual(["start", "end"]);
    const weight = async (events: typeof first) => {
      const end = events.at(-1);
      return end?.type === "end" ? await end.state.model.l1.weight.data() : null;
    };
    expect(await weight(again)).toEqual(await weight(first));
  });

  test("starts anew where nothing was saved yet", async () => {
    const store = memoryStore();
    await store.append(METRICS, '{"type":"step","step":1,"loss":9}\n{"type":"st');
    const events = await eventsOf({ ...usual, store, resume: true });
    expect(events[0]).toMatchObject({ type: "start", done: 0 });
    expect((await metricsOf(store)).filter(({ type }) => type === "step")).toHaveLength(20);
  });
});

describe("what a kill leaves", () => {
  test("lines beyond the checkpoint and a torn one are cut", async () => {
    const store = memoryStore();
    await partOf(store, 7);
    await store.append(METRICS, '{"type":"step","step":9,"loss":1}\n{"type":"step","step":10,"lo');
    await partOf(store, 99);
    const steps = (await metricsOf(store)).filter(({ type }) => type === "step").map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test.each([
    ["cut short", (bytes: Uint8Array) => bytes.slice(0, bytes.length - 100)],
    ["empty", () => new Uint8Array()],
    [
      "changed in one bit",
      (bytes: Uint8Array) => {
        const copy = bytes.slice();
        copy[copy.length - 301]! ^= 4;
        return copy;
      },
    ],
  ])("a checkpoint that is %s is left out, and the one before it taken", async (_, damage) => {
    const store = memoryStore();
    await partOf(store, 7);
    const [older, newest] = (await store.list()).filter((name) => name.startsWith("checkpoint"));
    expect([older, newest]).toEqual(["checkpoint-00000006.safetensors", "checkpoint-00000008.safetensors"]);
    await store.write(newest as string, damage((await store.read(newest as string)) as Uint8Array));
    const rest = await partOf(store, 99);
    expect(rest[0]).toMatchObject({ type: "start", done: 6 });
    expect(rest[1]).toMatchObject({ type: "warning", topic: "checkpoint" });
    expect(rest[1]).toHaveProperty("message", expect.stringMatching(/00000008.safetensors cannot be used/));
    const whole = lossesOf(await eventsOf(usual));
    expect(lossesOf(rest)).toEqual(whole.slice(6));
  });

  test("no whole checkpoint at all is told, and nothing is thrown away", async () => {
    const store = memoryStore();
    await partOf(store, 4);
    const names = await store.list();
    for (const name of names)
      if (name.startsWith("checkpoint")) await store.write(name, Uint8Array.of(1, 2, 3));
    await expect(partOf(store, 99)).rejects.toThrow(/no checkpoint of this run is whole.*remove its files/);
    expect(await store.list()).toEqual(names);
  });
});

describe("a changed run is refused, in plain words", () => {
  const changes: [string, object, RegExp][] = [
    ["the batch", { batch: 8 }, /batch was 4 and is 8/],
    ["the seed", { seed: 8 }, /seed was 7 and is 8/],
    ["the length", { epochs: 6 }, /epochs was 5 and is 6/],
    ["the rate", { schedule: () => 1e-4 }, /the schedule of "rate" is another one/],
    [
      "the configuration",
      { configuration: { model: { width: 9 } } },
      /the configuration's model.width was 8 and is 9/,
    ],
  ];
  test.each(changes)("%s", async (_, change, message) => {
    const store = memoryStore();
    const configuration = { model: { width: 8, name: "small" } };
    const configured = {
      ...change,
      configuration: {
        model: {
          ...configuration.model,
          ...(change as { configuration?: { model: object } }).configuration?.model,
        },
      },
    };
    await partOf(store, 3, { configuration });
    await expect(partOf(store, 99, configured)).rejects.toThrow(message);
    await expect(partOf(store, 99, configured)).rejects.toThrow(ResumeError);
  });

  test("the images", async () => {
    const store = memoryStore();
    await partOf(store, 3);
    const others = specks(16);
    others.data[5]! ^= 255;
    await expect(eventsOf({ ...usual, store, resume: true }, { images: others })).rejects.toThrow(
      /the images are others/,
    );
  });

  test("the model", async () => {
    const store = memoryStore();
    await partOf(store, 3);
    const method = smallMethod({ width: 4 });
    await expect(eventsOf({ ...usual, store, resume: true }, { method })).rejects.toThrow(
      /of another model or optimiser: model.l2.weight is f32\[8,16\], the model has f32\[4,16\]/,
    );
  });

  test("and a new one does not write over an old one", async () => {
    const store = memoryStore();
    await partOf(store, 3);
    await expect(eventsOf({ ...usual, store })).rejects.toThrow(/a run of 3 steps already; resume it/);
  });
});

describe("a run whose device has other tiles when it goes on", () => {
  /** Makes all tiles but one take for ever, or is a tile of the product in the first layer. */
  const table = (adapter: string, tile: string, quads: boolean): TuningTable => ({
    adapter,
    kernels: KERNELS,
    ...(quads
      ? { rounds: Object.fromEntries(sizes.map((size) => [size, size === tile ? 1 : 1e9])) }
      : { dots: { "1,8,16,48": { variant: "direct", tm: Number(tile[0]), tn: 1, workgroupSize: 4 } } }),
  });
  const sizes = Array.from({ length: 16 }, (_, i) => [1, 2, 3, 4].map((tn) => `${i + 1}x${tn}`)).flat();

  /** Steps up to some one, on a device of its own. */
  async function on(tuning: DeviceOptions["tuning"], store: RunStore, until = 99) {
    const device = await createDevice({ gpu: nodeGPU(), ...(tuning ? { tuning } : {}) });
    setDevice(device);
    try {
      return await partOf(store, until);
    } finally {
      device.destroy();
    }
  }

  test("is told to use those that it began with, and goes on with them as if nothing had been", async () => {
    const device = await createDevice({ gpu: nodeGPU() });
    const { quads } = device.profile;
    device.destroy();
    const [whole, parts] = [memoryStore(), memoryStore()];
    const first = (adapter: string) => table(adapter, "1x1", quads);
    const expected = lossesOf(await on(first, whole));
    const begun = lossesOf(await on(first, parts, 6));
    const measuredAnew = on((adapter) => table(adapter, "2x1", quads), parts);
    await expect(measuredAnew).rejects.toThrow("products are computed in other tiles");
    const refused = await on(undefined, parts).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ResumeError);
    const recorded = (refused as ResumeError).recorded?.tiles?.tuning ?? null;
    expect(recorded).not.toBeNull();
    const rest = lossesOf(await on(() => recorded, parts));
    expect([...begun, ...rest]).toEqual(expected);
  });

  test("may go on with other kernels or on another adapter, where the last bits differ anyway", async () => {
    const store = memoryStore();
    await on(undefined, store, 6);
    const [record] = [(await newestCheckpoint(store))?.run as RunRecord];
    const tiles = record.tiles as Tiles;
    const moved = { ...record, tiles: { ...tiles, tuning: table("elsewhere", "1x1", true) } };
    expect(() => checkSameRun(record, moved)).toThrow("other tiles");
    for (const change of [{ adapter: "elsewhere" }, { kernels: 1 }])
      expect(() => checkSameRun(record, { ...moved, tiles: { ...moved.tiles, ...change } })).not.toThrow();
    const { tiles: _, ...old } = record;
    expect(() => checkSameRun(old, moved)).not.toThrow();
  });
});
