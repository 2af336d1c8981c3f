import { beforeAll, describe, expect, test } from "vitest";
import { configureDevice, getDevice, treeLeaves } from "../../mod.ts";
import { pretrain } from "../../training/pretrain.ts";
import type { StepEvent } from "../../training/run/events.ts";
import { constant } from "../../training/schedule.ts";
import { nodeGPU } from "../support/host.ts";
import { runTiny, stripes, tinyMethod } from "./tiny.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

test("two runs from one seed are equal bit by bit, and another seed differs", {
  timeout: 200_000,
}, async () => {
  const images = stripes(12);
  const options = { epochs: 2, batch: 4, seed: 3, monitorEvery: 0 };
  const [first, second] = [await runTiny(images, options), await runTiny(images, options)];
  expect(first.losses).toHaveLength(6);
  expect(first.losses.every(Number.isFinite)).toBe(true);
  expect(second).toEqual(first);
  expect((await runTiny(images, { ...options, seed: 4 })).losses).not.toEqual(first.losses);
  expect(first.others).toEqual(["start", "epoch", "epoch", "end"]);
});

test("the loss falls, and memory stays as it is", async () => {
  const device = await getDevice();
  const images = stripes(8);
  const losses: number[] = [];
  const live: number[] = [];
  for await (const event of pretrain(tinyMethod(), images, {
    epochs: 40,
    batch: 8,
    schedule: constant(1e-2),
    monitorEvery: 0,
  })) {
    if (event.type !== "step") continue;
    losses.push(event.loss);
    live.push(device.memory().live);
  }
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)) - 0.2);
  // It may fall: the collector takes what the start has left.
  expect(live.at(-1)).toBeLessThanOrEqual(live[5]!);
});

test("events tell where the run is", async () => {
  const steps: StepEvent[] = [];
  let parameters = 0;
  for await (const event of pretrain(tinyMethod(), stripes(9), { epochs: 2, batch: 4 })) {
    if (event.type === "start") {
      expect(event).toMatchObject({ images: 9, epochs: 2, stepsPerEpoch: 2, steps: 4 });
      parameters = treeLeaves(event.state.model).length;
    }
    if (event.type === "step") steps.push(event);
    if (event.type === "end") {
      expect(event).toMatchObject({ steps: 4, stopped: false });
      expect(treeLeaves(event.state.model)).toHaveLength(parameters);
    }
  }
  expect(steps.map(({ epoch, step }) => [epoch, step])).toEqual([
    [1, 1],
    [1, 2],
    [2, 3],
    [2, 4],
  ]);
  expect(steps[0]!.rate).toBe(1e-3);
  expect(steps[3]!.rate).toBeLessThan(steps[2]!.rate);
  expect(steps[3]!.secondsLeft).toBe(0);
});

test("a signal ends the run after the step under way", async () => {
  const stop = new AbortController();
  let end: { steps: number; stopped: boolean } | undefined;
  const options = { epochs: 50, batch: 4, signal: stop.signal };
  for await (const event of pretrain(tinyMethod(), stripes(8), options)) {
    if (event.type === "step" && event.step === 3) stop.abort();
    if (event.type === "end") end = event;
  }
  expect(end?.stopped).toBe(true);
  expect(end?.steps).toBeLessThan(6);
});

describe("refuses", () => {
  test.each([
    [{ epochs: 0, batch: 2 }, "0 epochs"],
    [{ epochs: 1, batch: 0 }, "batches of 0"],
    [{ epochs: 1, batch: 9 }, "8 images are no batch of 9"],
  ])("%j", async (options, problem) => {
    await expect(runTiny(stripes(8), options)).rejects.toThrow(problem);
  });

  test("a schedule that gives no number", async () => {
    const wild = { epochs: 9, batch: 4, schedule: constant(Number.NaN) };
    await expect(runTiny(stripes(8), wild)).rejects.toThrow('the schedule of "rate" gives NaN at step 1');
  });
});
