import { beforeAll, describe, expect } from "vitest";
import { compile, configureDevice, key, type Tensor, tensor, treeLeaves, valueAndGrad } from "../../mod.ts";
import { evalMode, loadWeights, trainMode } from "../../models/mod.ts";
import { type Adapter, adapters } from "../../models/scatsimclr/presets.ts";
import { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import { relativeDistance } from "../golden/closeness.ts";
import { type Golden, goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** The weights that the file's formula gives for tensor `t` of the list. */
function hashed(t: number, seed: number, shape: readonly number[], name: string): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const start = (Math.imul(0x9e3779b9, t + 1) + Math.imul(0x85ebca6b, seed)) | 0;
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let x = (i + start) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x = (x ^ (x >>> 16)) >>> 0;
    const u = (x >>> 8) / 2 ** 23 - 1;
    if (shape.length > 1) values[i] = u * Math.sqrt(3 / fanIn);
    else values[i] = /(running_var|weight)$/.test(name) ? 1 + 0.25 * u : 0.1 * u;
  }
  return tensor(values, { shape });
}

/** From images to projections at full width: results whole, gradients by sums, norms, maxima and samples. */
async function compareFull(golden: Golden, adapter: Adapter, J: number, L: number): Promise<void> {
  const [, , rows = 0, columns = 0] = golden.array("input").shape;
  const blank = new ScatSimClr({ key: key(0), scattering: { J, L, shape: [rows, columns] }, adapter });
  const shapes = new Map(treeLeaves(blank).map(({ path, value }) => [path, value.shape]));
  const names = JSON.parse(golden.metadata.tensor_names as string) as string[];
  const seed = Number(golden.metadata.weight_seed);
  const weights = names.map((name, t) => [name, hashed(t, seed, shapes.get(name) as number[], name)]);
  const { model } = loadWeights(blank, Object.fromEntries(weights));
  const gradNames = JSON.parse(golden.metadata.grad_names as string) as string[];
  const afterNames = JSON.parse(golden.metadata.after_names as string) as string[];
  for (const side of ["train", "eval"] as const) {
    const run = compile((weights: ScatSimClr, images: Tensor) =>
      valueAndGrad((model: ScatSimClr) => {
        const mode = trainMode();
        const { h, z } = model.forward(images, side === "train" ? mode : evalMode);
        const loss = h
          .mul(golden.tensor("cot_h"))
          .sum()
          .add(z.mul(golden.tensor("cot_z")).sum());
        return { loss, aux: { h, z, after: mode.apply(model) } };
      })(weights),
    );
    const { value, grads, aux } = run(model, golden.tensor("input"));
    const loss = golden.values(`${side}.loss`)[0] as number;
    expect(Math.abs((await value.item()) - loss) / Math.max(1, Math.abs(loss))).toBeLessThan(1e-4);
    expect(relativeDistance(await aux.h.data(), golden.values(`${side}.h`)), "h").toBeLessThan(7e-5);
    expect(relativeDistance(await aux.z.data(), golden.values(`${side}.z`)), "z").toBeLessThan(7e-5);
    const gradients = new Map(treeLeaves(grads).map(({ path, value }) => [path, value]));
    const samples = golden.values(`${side}.grad_samples`);
    const stats = golden.values(`${side}.grad_stats`);
    for (const [p, name] of gradNames.entries()) {
      const values = await (gradients.get(name) as Tensor).data();
      const [, norm = 0, most = 0] = stats.subarray(3 * p, 3 * p + 3);
      const got = Array.from({ length: 32 }, (_, k) => values[(k * 7919 + 13) % values.length] as number);
      const wanted = samples.subarray(32 * p, 32 * (p + 1));
      expect(relativeDistance(got, wanted, most), name).toBeLessThan(1e-4);
      const length = Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));
      expect(Math.abs(length - norm), name).toBeLessThan(1e-4 * Math.max(norm, 1e-3));
    }
    if (side === "eval") continue;
    const after = new Map(treeLeaves(aux.after).map(({ path, value }) => [path, value]));
    const sums = golden.values("train.after_sums");
    for (const [p, name] of afterNames.entries()) {
      const values = Array.from(await (after.get(name) as Tensor).data());
      const sum = values.reduce((a, b) => a + b, 0);
      const scale = values.reduce((a, b) => a + Math.abs(b), 1e-3);
      expect(Math.abs(sum - (sums[2 * p] as number)) / scale, name).toBeLessThan(1e-4);
    }
  }
}

describe("whole encoders at full width agree with the reference", () => {
  goldenTest("scatsimclr/encoder_full8_J2_L4_16x16", "8 blocks", (golden) =>
    compareFull(golden, adapters.scatsimclr8, 2, 4),
  );
  goldenTest("scatsimclr/encoder_full12_J1_L8_8x8", "12 blocks", (golden) =>
    compareFull(golden, adapters.scatsimclr12, 1, 8),
  );
});
