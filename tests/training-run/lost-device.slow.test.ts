// Runs whose device goes away in the middle of things.
import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, DeviceLostError, getDevice } from "../../mod.ts";
import { scatSimClr } from "../../training/methods/scatsimclr.ts";
import { pretrain } from "../../training/pretrain.ts";
import type { TrainingEvent } from "../../training/run/events.ts";
import { memoryStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, plain, type SmallState, smallMethod } from "./small.ts";
import { stripes } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

// Four steps an epoch.
const usual = { epochs: 5, batch: 4, seed: 7, monitorEvery: 5, snapshotEvery: 3 };

const lose = async (): Promise<void> => (await getDevice()).gpu.destroy();
const isStep = (event: TrainingEvent<SmallState>, ...steps: number[]) =>
  event.type === "step" && steps.includes(event.step);

/** What a run tells apart from its recoveries, and those. */
function parted(events: readonly TrainingEvent<SmallState>[]) {
  const recovered = events.flatMap((event) => (event.type === "recovered" ? [event] : []));
  return { told: plain(events.filter(({ type }) => type !== "recovered")), recovered };
}

describe("a run whose device is lost", () => {
  const undisturbed = async () => parted(await eventsOf({ ...usual, store: memoryStore() })).told;

  test("in mid-step goes on with the same bits, and tells nothing twice", async () => {
    const store = memoryStore();
    const events = await eventsOf({ ...usual, store }, { see: (event) => isStep(event, 10) && lose() });
    const { told, recovered } = parted(events);
    expect(told).toEqual(await undisturbed());
    expect(recovered).toHaveLength(1);
    expect(recovered[0]).toMatchObject({ reason: "destroyed" });
    const { from, step } = recovered[0] as { from: number; step: number };
    expect(step).toBeGreaterThanOrEqual(10);
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(step);
    const final = (await store.list()).at(-2) as string;
    expect(final).toBe("checkpoint-00000020.safetensors");
  });

  test.each([
    ["before the first snapshot", [1]],
    ["twice", [4, 11]],
    ["at the last step", [20]],
    ["three times, the third right after the second", [6, 7, 8]],
  ])("%s", async (_, steps) => {
    const events = await eventsOf(
      { ...usual, store: memoryStore() },
      { see: (event) => isStep(event, ...steps) && lose() },
    );
    const { told, recovered } = parted(events);
    expect(told).toEqual(await undisturbed());
    // What is lost when all has been computed is not missed.
    expect(recovered.length).toBeGreaterThanOrEqual(steps.includes(20) ? 0 : 1);
    expect(recovered.length).toBeLessThanOrEqual(steps.length);
  });

  test("while it looks at the representation, or saves", async () => {
    let disturb = true;
    const method = smallMethod();
    const { embed } = method;
    const disturbed = {
      ...method,
      embed: (...args: Parameters<NonNullable<typeof embed>>) => {
        // In the trace of the first look: the work that follows meets a lost device.
        if (disturb) void lose();
        disturb = false;
        return embed?.(...args) as never;
      },
    };
    const events = await eventsOf({ ...usual, store: memoryStore() }, { method: disturbed });
    const { told, recovered } = parted(events);
    expect(recovered).toHaveLength(1);
    expect(told).toEqual(await undisturbed());
  });

  test("before it has begun, without a store", async () => {
    const events = await eventsOf(usual, { see: (event) => event.type === "start" && lose() });
    const withoutSaving = (await undisturbed()).filter(({ type }) => type !== "checkpoint");
    expect(parted(events).told).toEqual(withoutSaving);
  });

  test("again and again at one step gives up, with what it has saved", async () => {
    const store = memoryStore();
    const method = smallMethod();
    const { step } = method;
    let launches = 0;
    const deadly = {
      ...method,
      // As a step that hangs the driver does: wherever it is compiled, the device is gone.
      phase: (n: number) => (n >= 8 ? "deadly" : ""),
      step: (...args: Parameters<typeof step>) => {
        if (args[3] === "deadly") {
          launches++;
          void lose();
        }
        return step(...args);
      },
    };
    const running = eventsOf({ ...usual, store, checkpointEvery: 100 }, { method: deadly });
    await expect(running).rejects.toThrow(DeviceLostError);
    await expect(running).rejects.toThrow(/3 times in a row at step [89]; .*try a smaller batch/);
    // Steps before it that were not told yet make up for a loss.
    expect(launches).toBeGreaterThanOrEqual(3);
    expect(launches).toBeLessThanOrEqual(6);
    const rest = await eventsOf({ ...usual, store, checkpointEvery: 100, resume: true });
    expect(rest[0]).toMatchObject({ type: "start" });
    expect((rest[0] as { done: number }).done).toBeGreaterThanOrEqual(3);
  });

  test("has its scattering transform again, whose tables were on it", { timeout: 180_000 }, async () => {
    const images = stripes(8, 32);
    const statistics = { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] };
    const model = {
      scattering: { J: 2, L: 4, shape: [32, 32] as const },
      adapter: { stem: 4, stages: [] },
      hidden: 8,
      out: 8,
    };
    const losses = async (disturb: boolean) => {
      const found: number[] = [];
      const method = scatSimClr({ model, statistics });
      for await (const event of pretrain(method, images, { epochs: 2, batch: 4, monitorEvery: 0 })) {
        if (event.type !== "step") continue;
        found.push(event.loss);
        if (disturb && event.step === 2) await lose();
      }
      return found;
    };
    const expected = await losses(false);
    expect(expected).toHaveLength(4);
    expect(await losses(true)).toEqual(expected);
  });
});
