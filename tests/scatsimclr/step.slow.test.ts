import { beforeAll, describe, expect } from "vitest";
import {
  compile,
  configureDevice,
  key,
  ones,
  scalar,
  type Tensor,
  treeLeaves,
  valueAndGrad,
} from "../../mod.ts";
import { loadWeights } from "../../models/mod.ts";
import { adapters } from "../../models/scatsimclr/presets.ts";
import type { StepParts } from "../../training/method.ts";
import { scatSimClr } from "../../training/mod.ts";
import { type Golden, goldenTest } from "../golden/golden-file.ts";
import { distance, largest } from "../support/distance.ts";
import { nodeGPU } from "../support/host.ts";
import { narrowed } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** Whole training steps on one batch: losses, first gradients, statistics after the first step, and final weights. */
async function compareSteps(golden: Golden, task: "rotation" | "jigsaw"): Promise<void> {
  const [, J, L, size] = (/J=(\d) L=(\d) image=(\d+)/.exec(golden.metadata.config ?? "") ?? []).map(Number);
  const method = scatSimClr({
    model: {
      scattering: { J: J as number, L: L as number, shape: [size as number, size as number] },
      adapter: narrowed(adapters.scatsimclr8),
      out: 16,
    },
    statistics: { mean: [0, 0, 0], std: [1, 1, 1] },
    pretext: { task, hidden: [24, 16], dropout: 0 },
  });
  const blank = method.start(key(0));
  const state = {
    ...blank,
    model: loadWeights(blank.model, golden.record("param.")).model,
    head: loadWeights(blank.head, golden.record("head.")).model,
  };
  const parts = method.parts as StepParts<typeof state>;
  const pretext = golden.tensor("pretext");
  const views = {
    first: golden.tensor("img1"),
    second: golden.tensor("img2"),
    pretext: {
      images: pretext.reshape([-1, ...pretext.shape.slice(2)]),
      labels: golden.tensor("labels"),
      masks: { first: ones([1, 24]), second: ones([1, 16]) },
    },
  };
  const at = { rate: scalar(3e-4), lambda: scalar(0.3) };
  const step = compile((before: typeof state) => {
    const { value, grads, aux } = valueAndGrad((learner: unknown) => {
      const { rows, model } = parts.encode(learner, views, before, at);
      const { loss, metrics } = parts.loss(rows, before, at) as {
        loss: Tensor;
        metrics: Record<string, Tensor>;
      };
      return { loss, aux: { model, metrics } };
    })(parts.model(before));
    return { state: parts.update(before, aux.model, grads, at).state, value, grads, metrics: aux.metrics };
  });
  let current = state;
  const wanted = golden.values("losses");
  for (let s = 0; s < wanted.length / 3; s++) {
    const result = step(current);
    current = result.state;
    const told = [result.metrics.contrast, result.metrics.pretext, result.value] as Tensor[];
    const got = await Promise.all(told.map((x) => x.item()));
    got.forEach((x, i) => {
      expect(Math.abs(x - (wanted[3 * s + i] as number)), `loss ${i} of step ${s}`).toBeLessThan(1e-5);
    });
    if (s > 0) continue;
    await agrees(golden, "grad.", result.grads, 2e-4);
    await agrees(golden, "after1.", { model: current.model }, 2e-5);
  }
  await agrees(golden, "final.", { model: current.model, head: current.head }, 2e-5);
}

/** All tensors of the file under a prefix, against those of the learner: `head.` is the head, the rest the model. */
async function agrees(golden: Golden, prefix: string, learner: unknown, tolerance: number): Promise<void> {
  const found = new Map(treeLeaves(learner).map(({ path, value }) => [path.replace(/^model\./, ""), value]));
  const names = golden.names.filter((name) => name.startsWith(prefix));
  const top = Math.max(...names.map((name) => largest(golden.values(name))));
  for (const name of names) {
    const path = name.slice(prefix.length);
    const got = found.get(path);
    if (!got) throw new Error(`nothing for ${name}`);
    const scale = Math.max(largest(golden.values(name)), 1e-3 * top);
    expect(distance(await got.data(), golden.values(name)) / scale, name).toBeLessThan(tolerance);
  }
  expect(names.length).toBeGreaterThan(30);
}

describe("training steps of the reference with a pretext task", () => {
  goldenTest("scatsimclr/step_rotation8_J2_L4_16", "rotation", (golden) => compareSteps(golden, "rotation"));
  goldenTest("scatsimclr/step_jigsaw8_J1_L4_8", "jigsaw", (golden) => compareSteps(golden, "jigsaw"));
});
