// Batches that go through the model piece by piece.
import { beforeAll, describe, expect, test } from "vitest";
import { batchOf } from "../../data/images.ts";
import { configureDevice, createDevice, key, setDevice, treeLeaves } from "../../mod.ts";
import { cachedStepper } from "../../training/run/cached-stepper.ts";
import { microBatchOf } from "../../training/run/micro-batch.ts";
import { plannedBytes } from "../../training/run/planned-bytes.ts";
import { planRun } from "../../training/run/run-plan.ts";
import { type Stepper, wholeStepper } from "../../training/run/stepper.ts";
import { memoryStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, lossesOf, type SmallState, smallMethod, specks } from "./small.ts";
import { runTiny, stripes } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** Some steps: what they tell, and the state after them. */
async function course(stepper: Stepper<SmallState>, method = smallMethod(), batch = 12) {
  let state = method.start(key(3));
  const told = [];
  for (let step = 0; step < 3; step++) {
    const images = batchOf(
      specks(24),
      Array.from({ length: batch }, (_, i) => (i * 5 + step) % 24),
    );
    const launched = stepper.launch(state, images, { rate: 1e-3 }, "");
    state = launched.state;
    told.push(await launched.told);
    launched.dispose();
    images.dispose();
  }
  const leaves = await Promise.all(
    treeLeaves(state).map(async ({ path, value }) => [path, await value.data()] as const),
  );
  stepper.dispose();
  return { told, leaves: new Map(leaves) };
}

describe("cached gradients", () => {
  test.each([1, 2, 4, 6, 12])(
    "in pieces of %i of 12 give the steps of the whole batch",
    async (microBatch) => {
      const method = smallMethod();
      const whole = await course(wholeStepper(method));
      const pieces = await course(cachedStepper("small", method.parts, 12, microBatch));
      pieces.told.forEach(({ loss, metrics }, i) => {
        expect(loss).toBeCloseTo(whole.told[i]!.loss, 5);
        expect(metrics.gradientNorm).toBeCloseTo(whole.told[i]!.metrics.gradientNorm!, 5);
      });
      expect([...pieces.leaves.keys()]).toEqual([...whole.leaves.keys()]);
      for (const [path, data] of pieces.leaves) {
        const want = whole.leaves.get(path)!;
        data.forEach((x, i) => {
          expect(Math.abs(x - want[i]!), `${path}[${i}]`).toBeLessThan(2e-5 + 1e-4 * Math.abs(want[i]!));
        });
      }
    },
  );

  test("take less memory, about as much as was planned, and keep it", async () => {
    const method = smallMethod({ inputs: 48, hidden: 3000 });
    const options = { epochs: 15, batch: 240, monitorEvery: 0, microBatch: 240 };
    const images = specks(240);
    const plan = planRun(method, images, options);
    const measure = async (microBatch: number) => {
      const device = await createDevice({ gpu: nodeGPU() });
      setDevice(device);
      const planned = plannedBytes(method, plan, images, microBatch);
      const live: number[] = [];
      const all = { ...options, microBatch };
      await eventsOf(all, { method, images, see: () => live.push(device.memory().live) });
      const { peak } = device.memory();
      device.destroy();
      expect(live.at(-2)).toBeLessThanOrEqual(live[5] as number);
      return { peak, planned };
    };
    const [whole, pieces] = [await measure(240), await measure(24)];
    expect(pieces.peak).toBeLessThan(0.6 * whole.peak);
    for (const { peak, planned } of [whole, pieces]) {
      expect(peak / planned).toBeGreaterThan(0.7);
      expect(peak / planned).toBeLessThan(1.4);
    }
  });
});

test("ScatSimCLR goes on piece by piece, with batch norm's statistics of the pieces", async () => {
  const run = { epochs: 3, batch: 8, microBatch: 4, monitorEvery: 0 };
  const [first, again] = [await runTiny(stripes(16), run), await runTiny(stripes(16), run)];
  expect(first.losses).toHaveLength(6);
  expect(first.losses.every(Number.isFinite)).toBe(true);
  expect(again.losses).toEqual(first.losses);
  const whole = await runTiny(stripes(16), { ...run, microBatch: 8 });
  expect(first.losses[0]).not.toBe(whole.losses[0]);
  expect(Math.abs((first.losses[0] as number) - (whole.losses[0] as number))).toBeLessThan(0.3);
});

describe("the micro-batch", () => {
  const [method, images] = [smallMethod({ hidden: 3000 }), specks(240)];
  const options = { epochs: 1, batch: 240 };
  const plan = planRun(method, images, options);
  const bytes = (size: number) => plannedBytes(method, plan, images, size);
  const chosen = (memoryBudget: number) => microBatchOf(method, plan, images, { ...options, memoryBudget });

  test("is the largest that keeps within the budget", () => {
    expect(bytes(60)).toBeLessThan(bytes(240));
    expect(chosen(bytes(240))).toEqual({ size: 240, yields: true, warning: null });
    expect(chosen(bytes(60))).toEqual({ size: 60, yields: true, warning: null });
    expect(chosen(bytes(30))).toEqual({ size: 30, yields: true, warning: null });
  });

  test("follows the usual budget where nobody names one, and says so", () => {
    const usual = (budget: number | null) => microBatchOf(method, plan, images, options, { usual: budget });
    expect(usual(null)).toEqual({ size: 240, yields: true, warning: null });
    expect(usual(1e12)).toEqual({ size: 240, yields: true, warning: null });
    const { size, warning } = usual(bytes(60));
    expect(size).toBe(60);
    expect(warning).toMatch(/^240 images at once do not fit \(.* \d+ MB\): 60 go through the model at once/);
  });

  test("is told where none does", () => {
    const { size, warning } = chosen(1000);
    expect(size).toBeLessThan(240);
    expect(warning).toMatch(/^a step takes \d+ MB .* with \d+ images at once.*smaller batch/);
    const { parts: _, ...whole } = method;
    const undivided = microBatchOf(whole, plan, images, { ...options, memoryBudget: 1 });
    expect(undivided.size).toBe(240);
    expect(undivided.warning).not.toBeNull();
  });

  test("divides the batch", () => {
    const asked = (microBatch: number) => microBatchOf(method, plan, images, { ...options, microBatch });
    expect(asked(16)).toMatchObject({ size: 16, yields: false });
    expect(() => asked(13)).toThrow("a micro-batch of 13 does not divide the batch of 240");
  });

  test("of a run is the same when it is resumed", async () => {
    const store = memoryStore();
    const images = specks(48);
    const run = { epochs: 2, batch: 24, monitorEvery: 0, checkpointEvery: 1 };
    const expected = lossesOf(await eventsOf({ ...run, microBatch: 8 }, { method, images }));
    const stop = new AbortController();
    const first = await eventsOf(
      { ...run, microBatch: 8, store, signal: stop.signal },
      { method, images, see: (event) => event.type === "step" && stop.abort() },
    );
    const rest = await eventsOf({ ...run, memoryBudget: 1e12, store, resume: true }, { method, images });
    expect(rest[0]).toMatchObject({ type: "start", microBatch: 8 });
    expect([...lossesOf(first), ...lossesOf(rest)]).toEqual(expected);
    await expect(
      eventsOf({ ...run, microBatch: 12, store, resume: true }, { method, images }),
    ).rejects.toThrow("microBatch was 8 and is 12");
  });
});
