// The methods of self-distillation on the shared loop, with networks that are as small as they can be.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dinoRecipe } from "../../data/augment/recipe.ts";
import { compile, createDevice, type Device, key, scalar, setDevice, treeLeaves, zeros } from "../../mod.ts";
import type { Method, StepValues } from "../../training/method.ts";
import { dino } from "../../training/methods/dino.ts";
import { esVit } from "../../training/methods/esvit.ts";
import { fitMemory } from "../../training/methods/fit-memory.ts";
import type { SelfDistillationState } from "../../training/methods/self-distillation.ts";
import { selfPatch } from "../../training/methods/selfpatch.ts";
import { smallImages } from "../../training/methods/small-images.ts";
import { nullGPU } from "../support/host.ts";
import { expectSteadyMemory } from "../support/memory.ts";

// The null backend checks everything and computes nothing.
let device: Device;
beforeAll(async () => {
  device = await createDevice({ gpu: nullGPU() });
  setDevice(device);
});
afterAll(() => device.destroy());

const statistics = { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] };
const head = { hidden: 12, bottleneck: 8, out: 16 };
const backbone = { width: 8, depth: 2, heads: 2, patch: 4, imageSize: 16, dropPath: 0.1 };
const sizes = { globalSize: [16, 16] as const, localSize: [12, 12] as const };
const common = { statistics, views: { recipe: dinoRecipe({ locals: 2 }), ...sizes } };
const swin = {
  width: 8,
  depths: [1, 2],
  heads: [2, 2],
  window: 2,
  patch: 2,
  imageSize: 16,
  projection: head,
};

const methods: Record<string, Method<SelfDistillationState<object>>> = {
  DINO: dino({ ...common, network: { backbone, head } }) as never,
  SelfPatch: selfPatch({ ...common, freezeEpochs: 0, network: { backbone, head, patchOut: 20 } }) as never,
  EsViT: esVit({ ...common, freezeEpochs: 0, network: swin }) as never,
};

const run = { epochs: 20, stepsPerEpoch: 3, steps: 60, batch: 4 };

describe("self-distillation", () => {
  for (const [name, method] of Object.entries(methods)) {
    test(`${name} is compiled once for each phase, and its memory does not grow`, async () => {
      const schedules = method.schedules?.(run) ?? {};
      expect(Object.keys(schedules).sort()).toEqual(["momentum", "rate", "temperature", "weightDecay"]);
      const step = compile(method.step, { name });
      const images = zeros([4, 3, 20, 20]);
      let state = method.start(key(0));
      let at = 0;
      await expectSteadyMemory(device, { warmup: 6, steps: 6 }, async () => {
        const values = Object.entries(schedules).map(([of, schedule]) => [of, scalar(schedule(at))]);
        const result = step(
          state,
          images,
          Object.fromEntries(values) as unknown as StepValues,
          method.phase?.(at, run) ?? "",
        );
        at++;
        state = result.state;
        await result.loss.item();
        for (const x of [result.loss, ...Object.values(result.metrics ?? {}), ...values.map(([, x]) => x)]) {
          (x as typeof result.loss).dispose();
        }
      });
      expect(step.compilations).toBe(name === "DINO" ? 2 : 1); // the others here have no frozen epoch
      expect(method.embed?.(state, images).shape[0]).toBe(4);
      const [first, second] = method.pair?.(state, images, key(1)) ?? [];
      expect([first?.shape, second?.shape]).toEqual([
        [4, 8],
        [4, 8],
      ]);
    }, 200_000);
  }

  test("EsViT without a head for regions learns from views alone, and its tensors are the others of the whole", () => {
    const small = { ...swin, depths: [1], heads: [2] };
    const method = esVit({ ...common, network: { ...small, regions: false } });
    const state = method.start(key(0));
    expect(Object.keys(state.centers)).toEqual(["center"]);
    const paths = (of: unknown) => treeLeaves(of).map(({ path }) => path);
    const whole = paths(esVit({ ...common, network: small }).start(key(0)).student);
    expect(paths(state.student)).toEqual(whole.filter((path) => !path.startsWith("head_dense.")));
    const at = Object.fromEntries(
      ["rate", "weightDecay", "momentum", "temperature"].map((name) => [name, scalar(0.1)]),
    ) as unknown as StepValues;
    const { metrics, state: next } = method.learn(state, [zeros([2, 3, 4, 4])], at, "");
    expect(Object.keys(metrics ?? {})).toEqual(["gradientNorm"]);
    expect(paths(next)).toEqual(paths(state));
  });

  test("the schedules are those of the papers' code", () => {
    const long = { epochs: 100, stepsPerEpoch: 10, steps: 1000, batch: 1024 };
    const { rate, momentum, weightDecay, temperature } = methods.EsViT?.schedules?.(long) ?? {};
    expect([rate!(0), rate!(99), rate!(100)]).toEqual([0, 0.002, 0.002]);
    expect(rate!(999)).toBeCloseTo(1e-6, 7);
    expect(momentum!(0)).toBe(0.996);
    expect(weightDecay!(0)).toBeCloseTo(0.04, 10);
    expect([temperature!(0), temperature!(299), temperature!(300)]).toEqual([0.04, 0.07, 0.07]);
  });

  test("prototypes rest in the first epoch, their lengths for as long as is wanted", () => {
    const { optimiser } = (methods.DINO as (typeof methods)[string]).start(key(0));
    expect(Object.keys(optimiser.step).sort()).toEqual(["all", "lengths of prototypes", "prototypes"]);
    const learned = (methods.EsViT as (typeof methods)[string]).start(key(0)).optimiser;
    expect(Object.keys(learned.step).sort()).toEqual(["all", "prototypes"]);
  });

  test("blocks are computed again until a step fits", () => {
    const make = (recompute: number) =>
      dino({
        ...common,
        recompute,
        network: { backbone: { ...backbone, width: 32, depth: 6, dropPath: 0 }, head },
      });
    const options = { blocks: 6, batch: 64, image: { channels: 3, height: 16, width: 16 } };
    const plain = fitMemory(make, { ...options, bytes: 1e12 });
    expect(plain.recompute).toBe(0);
    const fitted = fitMemory(make, { ...options, bytes: plain.bytes * 0.6 });
    // With the last block computed again, too, a step would not fit.
    expect(fitted.recompute).toBeGreaterThan(0);
    expect(fitted.recompute).toBeLessThan(6);
    expect(fitted.bytes).toBeLessThan(plain.bytes * 0.6);
    expect(() => fitMemory(make, { ...options, bytes: 1000 })).toThrow("try smaller batches");
  }, 200_000);

  test("what fits is told of steps in which prototypes move, however long they rest at first", () => {
    const options = { bytes: 1e12, blocks: 1, batch: 4, image: { channels: 3, height: 16, width: 16 } };
    const network = { backbone: { ...backbone, depth: 1, dropPath: 0 }, head: { ...head, out: 4096 } };
    const [moving, resting] = [0, 3].map(
      (freezeEpochs) => fitMemory(() => dino({ ...common, network, freezeEpochs }), options).bytes,
    );
    expect(resting).toBe(moving);
  }, 200_000);

  test("the options for small images make networks of less than a million parameters", () => {
    const { dino: d, selfPatch: s, esVit: e } = smallImages(32);
    for (const method of [
      dino({ ...d, statistics }),
      selfPatch({ ...s, statistics }),
      esVit({ ...e, statistics }),
    ] as unknown as Method<SelfDistillationState<object>>[]) {
      const { student } = method.start(key(0));
      const size = treeLeaves(student).reduce((sum, { value }) => sum + value.size, 0);
      expect(size).toBeGreaterThan(1e5);
      expect(size).toBeLessThan(1e6);
    }
    expect(() => smallImages(20)).toThrow("need a multiple of 8");
  });
});
