// Small vision transformers against independent reference values: outputs, maps, features and gradients.
import { beforeAll, describe, expect } from "vitest";
import { compile, configureDevice, dropout, key, ones, type Tensor, valueAndGrad } from "../../mod.ts";
import {
  classAndGem,
  classAndMean,
  classToken,
  evalMode,
  lastClassTokens,
  loadWeights,
  type Mode,
  resamplePositions,
  type VisionTransformer,
} from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";
import { configOf, type VitConfig, vitOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** Suggested by dino.md, section 11. */
const FORWARD = 5e-5;
const GRADIENT = 2e-4;

/** Loss, output and gradients of `sum(tokens * probe)`. */
const differentiated = (forward: (model: VisionTransformer, image: Tensor) => Tensor) =>
  compile((model: VisionTransformer, image: Tensor, probe: Tensor) => {
    const { value, grads, aux } = valueAndGrad((of: { model: VisionTransformer; image: Tensor }) => {
      const out = forward(of.model, of.image);
      return { loss: out.mul(probe).sum(), aux: out };
    })({ model, image });
    return { loss: value, out: aux as Tensor, ...grads };
  });

const loaded = (file: Golden, dropPath = 0) =>
  loadWeights(vitOf(configOf<VitConfig>(file), dropPath), file.record("param.")).model;

describe("golden vision transformers", () => {
  for (const name of ["vit/forward_0", "vit/forward_1", "vit/forward_2", "vit/forward_p16"]) {
    goldenTest(name, `${name}: forward and backward`, async (file) => {
      const { loss, out, model, image } = differentiated((vit, x) => vit.forward(x))(
        loaded(file),
        file.tensor("input.image"),
        file.tensor("input.probe"),
      );
      await expectClose({ loss }, (path) => file.values(path), FORWARD);
      await expectClose(out, () => file.values("out.tokens"), FORWARD);
      await expectClose(model, (path) => file.values(`grad.${path}`), GRADIENT);
      await expectClose(image, () => file.values("grad_input.image"), GRADIENT);
    });

    goldenTest(name, `${name}: blocks, maps and features`, async (file) => {
      const look = compile((model: VisionTransformer, image: Tensor) => ({
        prepared_tokens: model.tokens(image),
        block: model.blockOutputs(image),
        attn: model.blocks.map((_, i) => model.attention(image, i)),
        cls: classToken(model, image),
        feat_cls_last2: lastClassTokens(model, image, 2),
        feat_cls_last1_avg_interleaved: classAndMean(model, image),
        feat_cls_gem4: classAndGem(model, image),
      }));
      const seen = look(loaded(file), file.tensor("input.image"));
      await expectClose(seen, (path) => file.values(`out.${path}`), FORWARD);
    });
  }

  goldenTest("vit/drop_path", "stochastic depth with given masks", async (file) => {
    const rates = file.values("input.rates");
    const masks = file.values("input.masks");
    const model = loaded(file, rates.at(-1));
    const keys: Tensor[] = [];
    for (const [i, block] of model.blocks.entries()) {
      expect(block.dropPath.p).toBeCloseTo(rates[i] as number, 6);
      if (block.dropPath.p === 0) continue;
      for (const branch of [0, 1]) {
        const wanted = masks.subarray((2 * i + branch) * 4, (2 * i + branch + 1) * 4);
        keys.push(await keyThatDraws(wanted, block.dropPath.p));
      }
    }
    const drawn = () => {
      const rest = [...keys];
      const mode: Mode = { ...evalMode, training: true, key: () => rest.shift() as Tensor };
      return mode;
    };
    const {
      loss,
      out,
      model: grads,
    } = differentiated((vit, x) => vit.forward(x, drawn()))(
      model,
      file.tensor("input.image"),
      file.tensor("input.probe"),
    );
    await expectClose({ loss }, (path) => file.values(path), FORWARD);
    await expectClose(out, () => file.values("out.tokens"), FORWARD);
    await expectClose(grads, (path) => file.values(`grad.${path}`), GRADIENT);
  });

  goldenTest("vit/forward_0", "recomputed blocks have the same gradients", async (file) => {
    const { loss, model } = differentiated((vit, x) => vit.forward(x, evalMode, { recompute: 3 }))(
      loaded(file),
      file.tensor("input.image"),
      file.tensor("input.probe"),
    );
    await expectClose({ loss }, (path) => file.values(path), FORWARD);
    await expectClose(model, (path) => file.values(`grad.${path}`), GRADIENT);
  });

  goldenTest("vit/pos_interpolation", "positions on other grids", async (file) => {
    const cases = configOf<{ case: number; target: [number, number]; rules: string[] }[]>(file);
    for (const { case: number, target, rules } of cases) {
      for (const rule of ["dino", "size"] as const) {
        if (!rules.includes(rule)) continue;
        const grid = file.tensor(`case.${number}.grid`);
        const { aux, grads } = valueAndGrad((x: Tensor) => {
          const out = resamplePositions(x, target, rule);
          return { loss: out.mul(file.tensor(`case.${number}.${rule}.probe`)).sum(), aux: out };
        })(grid);
        await expectClose(aux, () => file.values(`case.${number}.${rule}.out`), 1e-5);
        await expectClose(grads, () => file.values(`case.${number}.${rule}.grad_grid`), 1e-5);
        // On square grids the one factor of EsViT's code is that of the sizes.
        if (rule === "size" && rules.includes("esvit")) {
          await expectClose(aux, () => file.values(`case.${number}.esvit.out`), 1e-5);
        }
      }
    }
  });
});

/** A key whose stochastic depth keeps the samples where the mask has 1, and no others. */
async function keyThatDraws(mask: Float64Array, p: number): Promise<Tensor> {
  for (let seed = 0; seed < 10000; seed++) {
    const kept = await dropout(ones([mask.length, 1, 1]), { p, key: key(seed) }).data();
    if (mask.every((keep, i) => keep > 0 === (kept[i] as number) > 0)) return key(seed);
  }
  throw new Error(`no key draws ${mask}`);
}
