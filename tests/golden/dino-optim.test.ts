import { beforeAll, describe, expect } from "vitest";
import { compile, configureDevice, scalar, type Tensor } from "../../mod.ts";
import { clipByNorm, globalNorm } from "../../training/clip.ts";
import { ema } from "../../training/ema.ts";
import { adamW } from "../../training/optim/adam.ts";
import type { OptimiserState } from "../../training/optim/optimiser.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { goldenTest } from "./golden-file.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

type Params = Record<string, Tensor>;

describe("golden DINO optimisation", () => {
  goldenTest("dino/adamw", "AdamW with a decay schedule and a layer that thaws late", async (file) => {
    const { steps, freeze } = JSON.parse(file.metadata.config ?? "{}") as { steps: number; freeze: number };
    const optimiser = adamW({
      groups: (path, leaf) => ({
        group: path.includes("last_layer") ? "last_layer" : "all",
        ...(path.endsWith(".bias") || leaf.rank < 2 ? { weightDecay: 0 } : {}),
      }),
    });
    const update = compile(
      (
        s: { params: Params; adam: OptimiserState },
        grads: Params,
        rates: { lr: Tensor; weightDecay: Tensor },
        frozen: readonly string[],
      ) => {
        const { params, state } = optimiser.step(s.params, grads, s.adam, { ...rates, frozen });
        return { params, adam: state };
      },
    );
    const params = file.record("init.");
    let state = { params, adam: optimiser.init(params) };
    for (let i = 0; i < steps; i++) {
      const rates = {
        lr: scalar(file.values("input.lr")[i] as number),
        weightDecay: scalar(file.values("input.wd")[i] as number),
      };
      state = update(state, file.record(`grad.${i}.`), rates, i < freeze ? ["last_layer"] : []);
      await expectClose(state.params, (path) => file.values(`out.${i}.${path}`), 1e-6);
    }
    expect(update.compilations).toBe(2);
    await expectClose(state.adam.slots.m, (path) => file.values(`moment1.${path}`), 1e-6);
    await expectClose(state.adam.slots.v, (path) => file.values(`moment2.${path}`), 1e-6);
    const { all, last_layer: late } = state.adam.step;
    for (const path of Object.keys(params)) {
      const count = path.includes("last_layer") ? late : all;
      expect(await count?.item(), path).toBe(file.values(`count.${path}`)[0]);
    }
  });

  goldenTest("dino/clip", "clipping tensor by tensor", async (file) => {
    const { limit } = JSON.parse(file.metadata.config ?? "{}") as { limit: number };
    const grads = file.record("input.");
    await expectClose(clipByNorm(grads, limit), (path) => file.values(`out.${path}`), 1e-6);
    for (const [path, grad] of Object.entries(grads)) {
      const norm = await globalNorm(grad).item();
      expect(norm / (file.values(`norm.${path}`)[0] as number)).toBeCloseTo(1, 6);
    }
  });

  goldenTest("dino/ema", "the teacher's update", async (file) => {
    const [teacher, student] = [{ w: file.tensor("input.teacher") }, { w: file.tensor("input.student") }];
    for (const [i, momentum] of [0.996, 0.5, 1].entries()) {
      await expectClose(ema(teacher, student, momentum), () => file.values(`out.${i}`), 1e-6);
      await expectClose(ema(teacher, student, scalar(momentum)), () => file.values(`out.${i}`), 1e-6);
    }
  });
});
