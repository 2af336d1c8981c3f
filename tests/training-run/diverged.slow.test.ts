// Runs whose numbers stop being numbers.
import { beforeAll, describe, expect, test } from "vitest";
import { ntXent } from "../../losses/contrastive/nt-xent.ts";
import { configureDevice, sqrt, type Tensor } from "../../mod.ts";
import { DivergedError } from "../../training/run/diverged.ts";
import { METRICS, readMetrics } from "../../training/run/metrics-file.ts";
import { memoryStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, type SmallMethod, smallMethod } from "./small.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const usual = { epochs: 5, batch: 4, seed: 7, checkpointEvery: 3, monitorEvery: 0 };

/** The run until it fails, what it failed with, and what it left. */
async function failing(method: SmallMethod, options: object = {}) {
  const store = memoryStore();
  const steps: number[] = [];
  const error = await eventsOf(
    { ...usual, ...options, store },
    { method, see: (event) => event.type === "step" && steps.push(event.step) },
  ).then(
    () => null,
    (e) => e as DivergedError,
  );
  const names = (await store.list()).filter((name) => name !== METRICS);
  const lines = readMetrics((await store.read(METRICS)) ?? new Uint8Array());
  return { error, steps, names, lines };
}

describe("a run that diverges", () => {
  test("in its loss: stops, names the op, and leaves the checkpoints before", async () => {
    const method = smallMethod();
    const { step } = method;
    // From step 8 on the loss has the logarithm of a negative number in it.
    const wild: SmallMethod = {
      ...method,
      schedules: () => ({ shift: (n) => (n < 7 ? 1 : -1) }),
      step: (state, images, at, phase) => {
        const result = step(state, images, at, phase);
        return { ...result, loss: result.loss.add((at.shift as Tensor).mul(3).log()) };
      },
    };
    const { error, steps, names, lines } = await failing(wild);
    expect(error).toBeInstanceOf(DivergedError);
    expect(error).toMatchObject({ step: 8, op: "log" });
    expect(error?.message).toMatch(/^the loss is NaN at step 8; log made the first such number there/);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(names).toEqual(["checkpoint-00000003.safetensors", "checkpoint-00000006.safetensors"]);
    expect(lines.at(-1)).toMatchObject({ type: "failed", step: 7 });
  });

  test("in its gradient: that state is never saved, and the backward op is named", async () => {
    // The root of what is 0 has no slope there, while the loss is a number.
    const method = smallMethod({
      loss: (a, b) => ntXent(a, b).add(sqrt(a.sub(a)).mul(b.sub(b)).mean()),
    });
    const { error, steps, names } = await failing(method, { checkpointEvery: 1 });
    expect(error).toMatchObject({ name: "DivergedError", step: 1, op: "sqrt (backward)" });
    expect(error?.message).toMatch(/the length of the gradient is NaN at step 1/);
    expect([steps, names]).toEqual([[], []]);
  });

  test("by overflow: the op that made the infinity is named where there is no NaN", async () => {
    const method = smallMethod();
    const { step } = method;
    const wild: SmallMethod = {
      ...method,
      schedules: () => ({ power: (n) => (n < 5 ? 1 : 200) }),
      step: (state, images, at, phase) => {
        const result = step(state, images, at, phase);
        return { ...result, loss: result.loss.add((at.power as Tensor).exp()) };
      },
    };
    const { error } = await failing(wild);
    expect(error).toMatchObject({ step: 6, op: "exp" });
    expect(error?.message).toMatch(/the loss is Infinity/);
  });

  test("without a metric that tells: the step that made the state bad is found", async () => {
    const method = smallMethod();
    const { step } = method;
    const wild: SmallMethod = {
      ...method,
      schedules: () => ({ rate: (n) => (n === 3 ? 3e38 : 1e-3) }),
      step: (state, images, at, phase) => {
        const { metrics: _, ...result } = step(state, images, at, phase);
        return result;
      },
    };
    const { error, names } = await failing(wild, { checkpointEvery: 1, keep: 9 });
    expect(error).toBeInstanceOf(DivergedError);
    expect(error?.step).toBe(5);
    expect(error?.op).not.toBeNull();
    expect(names.at(-1)).toMatch(/0000000[34]/);
  });
});
