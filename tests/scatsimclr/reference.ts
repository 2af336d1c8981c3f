// Encoders against the reference files.
import { expect } from "vitest";
import { compile, key, type Tensor, treeLeaves, valueAndGrad } from "../../mod.ts";
import { evalMode, trainMode } from "../../models/nn/mode.ts";
import { loadWeights } from "../../models/nn/weights.ts";
import type { Adapter } from "../../models/scatsimclr/presets.ts";
import { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import type { Golden } from "../golden/golden-file.ts";
import { distance, largest } from "../support/distance.ts";

/** The widths of the files, so that they stay small. */
const DIVISOR = 16;

/** A preset with the widths of the files. */
export const narrowed = ({ stem, stages }: Adapter): Adapter => ({
  stem: stem / DIVISOR,
  stages: stages.map(({ width, blocks }) => ({ width: width / DIVISOR, blocks })),
});

/** Adapter and head on given feature maps: results, all gradients and running statistics, in training and evaluation. */
export async function compareEncoder(golden: Golden, adapter: Adapter): Promise<void> {
  const [, channels = 0] = golden.array("input").shape;
  const [, out] = golden.array("cot_z").shape;
  const blank = new ScatSimClr({
    key: key(0),
    scattering: { J: 1, L: 1, shape: [8, 8] }, // makes two channels of each colour
    channels: channels / 2,
    adapter: narrowed(adapter),
    out,
  });
  const weights = Object.entries(golden.record("param.")).map(([name, x]) => {
    return [name, name.endsWith("num_batches_tracked") ? x.reshape([]) : x];
  });
  const { model } = loadWeights(blank, Object.fromEntries(weights));
  for (const training of [true, false]) await compare(golden, model, training);
}

async function compare(golden: Golden, model: ScatSimClr, training: boolean): Promise<void> {
  const side = training ? "train" : "eval";
  // One plan for everything that is compared.
  const run = compile((weights: ScatSimClr, images: Tensor) =>
    valueAndGrad(({ model, input }: { model: ScatSimClr; input: Tensor }) => {
      const mode = trainMode();
      const { h, z } = model.encode(input, training ? mode : evalMode);
      const loss = h
        .mul(golden.tensor("cot_h"))
        .sum()
        .add(z.mul(golden.tensor("cot_z")).sum());
      return { loss, aux: { h, z, after: training ? mode.apply(model) : null } };
    })({ model: weights, input: images }),
  );
  const { value, grads, aux } = run(model, golden.tensor("input"));
  const agrees = async (name: string, got: Tensor, tolerance = 2e-5) => {
    const wanted = golden.values(`${side}.${name}`);
    const scale = Math.max(largest(wanted), 1e-3);
    expect(distance(await got.data(), wanted) / scale, `${side}.${name}`).toBeLessThan(tolerance);
  };
  await agrees("loss", value);
  await agrees("h", aux.h);
  await agrees("z", aux.z);
  await agrees("grad_input", grads.input);
  const gradients = new Map(treeLeaves(grads.model).map(({ path, value: leaf }) => [path, leaf]));
  const after = new Map(treeLeaves(aux.after).map(({ path, value: leaf }) => [path, leaf]));
  let compared = 0;
  for (const name of golden.names) {
    const [, kind, path] = new RegExp(`^${side}\\.(grad|after)\\.(.+)$`).exec(name) ?? [];
    if (path === undefined) continue;
    const got = (kind === "grad" ? gradients : after).get(path);
    if (!got) throw new Error(`the model has no ${path}`);
    await agrees(`${kind}.${path}`, got);
    compared++;
  }
  expect(compared).toBeGreaterThan(50);
}
