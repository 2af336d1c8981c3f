// The losses of DINO, SelfPatch and EsViT against independent reference values, with gradients and centres.
import { beforeAll, describe, expect } from "vitest";
import { dinoLoss, esVitLoss, matchRegions, selfPatchLoss } from "../../losses/mod.ts";
import { compile, concat, configureDevice, scalar, type Tensor, valueAndGrad } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";
import { expectClose } from "./closeness.ts";
import { type Golden, goldenTest } from "./golden-file.ts";
import { configOf } from "./vit-config.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

/** Suggested by dino.md, section 11. */
const LOSS = 1e-5;
const GRADIENT = 2e-4;

interface LossConfig {
  readonly ncrops: number;
  readonly temp: number;
  readonly regions: [number, number];
  readonly patches: [number, number];
}

type Inputs = Record<string, Tensor>;

/** What the loss gives, and its gradients with respect to the inputs. */
const differentiated = <R extends { loss: Tensor }>(loss: (inputs: Inputs) => R) =>
  compile((inputs: Inputs) => {
    const { grads, aux } = valueAndGrad((of: Inputs) => {
      const result = loss(of);
      return { loss: result.loss, aux: result };
    })(inputs);
    return { out: aux as R, grads };
  });

async function expectGradients(file: Golden, grads: Inputs, prefix: string): Promise<void> {
  const reached = Object.fromEntries(Object.entries(grads).filter(([name]) => name.startsWith(prefix)));
  await expectClose(reached, (path) => file.values(`grad.${path.replace("student.", "")}`), GRADIENT);
  const others = Object.entries(grads).filter(([name]) => !name.startsWith(prefix));
  for (const [name, grad] of others) expect(await grad.abs().max().item(), name).toBe(0);
}

describe("golden losses", () => {
  goldenTest("dino/loss", "DINO between views", async (file) => {
    const { ncrops: crops, temp } = configOf<LossConfig>(file);
    const center = file.tensor("input.center");
    const step = differentiated(({ student, teacher }) =>
      dinoLoss(student as Tensor, teacher as Tensor, { crops, center, teacherTemperature: scalar(temp) }),
    );
    const { out, grads } = step({
      student: file.tensor("input.student"),
      teacher: file.tensor("input.teacher"),
    });
    await expectClose(out.loss, () => file.values("loss"), LOSS);
    await expectClose(out.terms, () => file.values("out.terms"), LOSS);
    await expectClose(out.center, () => file.values("out.center"), LOSS);
    await expectGradients(file, grads, "student");
  });

  goldenTest("selfpatch/loss", "SelfPatch between views and between patches", async (file) => {
    const { ncrops: crops, temp, patches } = configOf<LossConfig>(file);
    const flat = (x: Tensor | undefined) => (x as Tensor).flatten(0, 1);
    const scores = (inputs: Inputs, who: string) => ({
      class: joined(flat(inputs[`${who}.class_global`]), flat(inputs[`${who}.class_local`])),
      patch: joined(flat(inputs[`${who}.patch_global`]), flat(inputs[`${who}.patch_local`])),
    });
    const centers = { center: file.tensor("input.center"), patchCenter: file.tensor("input.patch_center") };
    const step = differentiated((inputs) =>
      selfPatchLoss(scores(inputs, "student"), scores(inputs, "teacher"), {
        crops,
        patches,
        ...centers,
        teacherTemperature: temp,
      }),
    );
    const names = file.names.filter((name) => /^input\.(student|teacher)\./.test(name));
    const { out, grads } = step(Object.fromEntries(names.map((name) => [name.slice(6), file.tensor(name)])));
    await expectClose(out.loss, () => file.values("loss"), LOSS);
    await expectClose(out.classLoss, () => file.values("out.class_loss"), LOSS);
    await expectClose(out.patchLoss, () => file.values("out.patch_loss"), LOSS);
    await expectClose(out.center, () => file.values("out.center"), LOSS);
    await expectClose(out.patchCenter, () => file.values("out.patch_center"), LOSS);
    await expectGradients(file, grads, "student");
  });

  goldenTest("esvit/region_loss", "EsViT between views and between matched regions", async (file) => {
    const { ncrops: crops, temp, regions } = configOf<LossConfig>(file);
    const centers = { center: file.tensor("input.center"), regionCenter: file.tensor("input.center_grid") };
    const scores = (inputs: Inputs, who: string) => ({
      view: inputs[`${who}_view`] as Tensor,
      region: inputs[`${who}_region`] as Tensor,
      features: inputs[`${who}_features`] as Tensor,
    });
    const step = differentiated((inputs) =>
      esVitLoss(scores(inputs, "student"), scores(inputs, "teacher"), {
        crops,
        regions,
        ...centers,
        teacherTemperature: temp,
      }),
    );
    const names = file.names.filter((name) => /^input\.(student|teacher)_/.test(name));
    const { out, grads } = step(Object.fromEntries(names.map((name) => [name.slice(6), file.tensor(name)])));
    await expectClose(out.loss, () => file.values("loss"), LOSS);
    await expectClose(out.viewTerms, () => file.values("out.view_terms"), LOSS);
    await expectClose(out.regionTerms, () => file.values("out.region_terms"), LOSS);
    await expectClose(out.center, () => file.values("out.center"), LOSS);
    await expectClose(out.regionCenter, () => file.values("out.center_grid"), LOSS);
    const { student_features, ...others } = grads;
    expect(await student_features?.abs().max().item()).toBe(0);
    await expectGradients(file, others, "student");

    const matches = matchRegions(
      file.tensor("input.student_features"),
      file.tensor("input.teacher_features"),
      {
        crops,
        regions,
      },
    );
    for (const i of [0, 1]) {
      for (let v = 0; v < crops; v++) {
        if (i === v) continue;
        const { similarity, index } = matches[v < 2 ? 0 : 1] as (typeof matches)[number];
        const at = v < 2 ? v : v - 2;
        await expectClose(similarity.slice(i, at), () => file.values(`similarity.${i}.${v}`), LOSS);
        expect([...(await index.slice(i, at).data())]).toEqual([...file.values(`match.${i}.${v}`)]);
      }
    }
  });
});

const joined = (first: Tensor, second: Tensor): Tensor => concat([first, second]);
