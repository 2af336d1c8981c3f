// Runs that keep values for gradients in half precision: what they take, and where they may go on.
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkActivations } from "../../cli/pretrain/plan.ts";
import {
  compile,
  createDevice,
  type Device,
  DeviceLimitError,
  setDevice,
  type Tensor,
  zeros,
} from "../../mod.ts";
import { changedRecipe } from "../../training/job/change-recipe.ts";
import { methodOf } from "../../training/job/method-of.ts";
import { presets } from "../../training/job/presets.ts";
import type { Method, StepValues } from "../../training/method.ts";
import { fitMemory } from "../../training/methods/fit-memory.ts";
import type { PretrainOptions } from "../../training/run/options.ts";
import { plannedBytes } from "../../training/run/planned-bytes.ts";
import { planRun } from "../../training/run/run-plan.ts";
import { checkSameRun } from "../../training/run/same-run.ts";
import { scalars } from "../../training/run/stepper.ts";
import { nullGPU } from "../support/host.ts";
import { runTiny, stripes, tinyMethod } from "./tiny.ts";

let device: Device;
beforeAll(async () => {
  device = await createDevice({ gpu: nullGPU(), kernels: "software" });
  setDevice(device);
});
afterAll(() => device.destroy());

const both = ["f32", "f16"] as const;

test("take less memory, whole or in pieces, by the step's plans", { timeout: 100_000 }, () => {
  const { recipe } = presets["simclr-nano"];
  const images = stripes(40, 32);
  const method = methodOf(recipe, images) as Method<unknown>;
  const options = { epochs: 1, batch: 40 };
  const bytes = (microBatch: number) =>
    both.map((activations) =>
      plannedBytes(method, planRun(method, images, { ...options, activations }), images, microBatch),
    );
  for (const [whole, half] of [bytes(40), bytes(20)] as [number, number][])
    expect(half).toBeLessThan(0.92 * whole);
  const [whole, half] = both.map(
    (activations) =>
      fitMemory(() => method, { bytes: 1e12, blocks: 1, batch: 40, image: images, activations }).bytes,
  ) as [number, number];
  expect(half).toBeLessThan(0.92 * whole);
});

test("have kernels that compile, also where parts of a concatenation are kept", {
  timeout: 100_000,
}, async () => {
  const gpu = nullGPU();
  const adapter = await gpu.requestAdapter();
  const compiler = await (adapter as GPUAdapter).requestDevice({
    requiredFeatures: ["shader-f16", "subgroups"],
  });
  const recipe = { ...presets["selfpatch-nano"].recipe, batch: 8 };
  const images = stripes(8, 32);
  const method = methodOf(recipe, images) as Method<unknown>;
  const run = planRun(method, images, { epochs: 1, batch: 8 });
  const step = compile(
    (state: unknown, x: Tensor, at: StepValues) => method.step(state, x, at, run.phaseAt(1)),
    {
      activations: "f16",
    },
  );
  const plan = step.plan(method.start(run.key("state")), zeros([8, 3, 32, 32]), scalars(run.valuesAt(1)));
  const texts = new Set(plan.steps.map(({ program }) => program.wgsl).filter((x) => x.includes("f16")));
  expect(texts.size).toBeGreaterThan(20);
  for (const code of texts) {
    compiler.pushErrorScope("validation");
    compiler.createShaderModule({ code });
    expect((await compiler.popErrorScope())?.message).toBeUndefined();
  }
  compiler.destroy();
});

test("are other runs than those in f32, which may name it or not", () => {
  const record = (options: Partial<PretrainOptions>) =>
    planRun(tinyMethod(), stripes(8), { epochs: 1, batch: 4, ...options }).record;
  const { activations: _, ...old } = record({});
  checkSameRun(old as ReturnType<typeof record>, record({ activations: "f32" }));
  checkSameRun(record({ activations: "f16" }), record({ activations: "f16" }));
  expect(() => checkSameRun(record({}), record({ activations: "f16" }))).toThrow(
    'activations was null and is "f16"',
  );
  expect(() => checkSameRun(record({ activations: "f16" }), record({}))).toThrow(
    'activations was "f16" and is null',
  );
});

test("need an adapter that has it, which is said before anything else", async () => {
  const without = { name: "Old One", profile: { ...device.profile, f16: false } };
  const recipe = changedRecipe(presets.nano.recipe, { activations: "f16" });
  expect(() => checkActivations(recipe, without)).toThrow(
    "half precision (shader-f16), which Old One has not: leave it out",
  );
  checkActivations(recipe, device);
  checkActivations(changedRecipe(recipe, { activations: "f32" }), without);
  checkActivations(presets.nano.recipe, without);
  expect(() => changedRecipe(recipe, { activations: "f8" })).toThrow(
    '--activations is "f8"; it takes f32 or f16',
  );

  const plain = await createDevice({ gpu: nullGPU() });
  Object.defineProperty(plain, "profile", { value: without.profile });
  setDevice(plain);
  const run = runTiny(stripes(8), { epochs: 1, batch: 4, activations: "f16" });
  await expect(run).rejects.toThrow(DeviceLimitError);
  await expect(run).rejects.toThrow('pretrain: activations "f16": needs shader-f16');
  plain.destroy();
});
