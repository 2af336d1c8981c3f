import { beforeAll, describe, expect, test } from "vitest";
import { crossEntropy } from "../../losses/mod.ts";
import { compile, configureDevice, key, type Tensor, treeLeaves, valueAndGrad } from "../../mod.ts";
import { JigsawHead, loadWeights, type PretextHead, RotationHead } from "../../models/mod.ts";
import { expectClose, relativeDistance } from "../golden/closeness.ts";
import { type Golden, goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

async function compareHead(golden: Golden, blank: PretextHead): Promise<void> {
  const names = golden.names.filter((name) => /^(fc1|fc2|cls)\./.test(name));
  const weights = Object.fromEntries(names.map((name) => [name, golden.tensor(name)]));
  const { model } = loadWeights(blank, weights);
  const kept = (name: string) => golden.tensor(name).cast("f32").mul(2);
  for (const side of ["eval", "dropout"] as const) {
    const masks = side === "eval" ? null : { first: kept("mask1"), second: kept("mask2") };
    const run = compile((head: PretextHead, h: Tensor) =>
      valueAndGrad((of: { head: PretextHead; h: Tensor }) => {
        const logits = of.head.forward(of.h, masks);
        return { loss: crossEntropy(logits, golden.tensor("labels")), aux: logits };
      })({ head, h }),
    );
    const { value, grads, aux } = run(model, golden.tensor("h"));
    const loss = golden.values(`${side}.loss`)[0] as number;
    expect(Math.abs((await value.item()) - loss)).toBeLessThan(1e-5);
    expect(relativeDistance(await aux.data(), golden.values(`${side}.logits`))).toBeLessThan(1e-5);
    expect(relativeDistance(await grads.h.data(), golden.values(`${side}.grad_h`))).toBeLessThan(1e-5);
    await expectClose(grads.head, (path) => golden.values(`${side}.grad.${path}`), 1e-5);
  }
}

describe("heads of the reference, with dropout and without", () => {
  const anyKey = key(0);
  goldenTest("scatsimclr/head_rotation_B6", "rotation", (golden) =>
    compareHead(golden, new RotationHead({ key: anyKey, inFeatures: 32, hidden: [16, 8] })),
  );
  goldenTest("scatsimclr/head_jigsaw_B3", "jigsaw", (golden) =>
    compareHead(golden, new JigsawHead({ key: anyKey, inFeatures: 32, hidden: [12, 20] })),
  );
});

test.each([
  ["rotation", RotationHead, 1_115_268],
  ["jigsaw", JigsawHead, 20_070_947],
] as const)("the %s head has the parameters of the paper", (_, Head, count) => {
  const head = new Head({ key: key(0), inFeatures: 2048 });
  expect(treeLeaves(head).reduce((sum, { value }) => sum + value.size, 0)).toBe(count);
});

test("masks keep half and double it, each layer for itself", async () => {
  const head = new JigsawHead({ key: key(0), inFeatures: 8, hidden: [60, 600] });
  const { first, second } = head.masks(key(3), 4);
  expect([first.shape, second.shape]).toEqual([
    [36, 60],
    [4, 600],
  ]);
  for (const mask of [await first.data(), await second.data()]) {
    expect([...new Set(mask)].sort()).toEqual([0, 2]);
    const kept = Array.from(mask).reduce((sum, x) => sum + x / 2, 0) / mask.length;
    expect(Math.abs(kept - 0.5)).toBeLessThan(0.05);
  }
  const none = new RotationHead({ key: key(0), inFeatures: 8, dropout: 0 }).masks(key(3), 1);
  expect(new Set(await none.first.data())).toEqual(new Set([1]));
});
