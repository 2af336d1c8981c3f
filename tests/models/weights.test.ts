import { beforeAll, describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../io.ts";
import { configureDevice, key, tensor, treeLeaves } from "../../mod.ts";
import {
  BatchNorm,
  Linear,
  loadWeights,
  ReLU,
  Sequential,
  saveWeights,
  WeightsError,
} from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const make = (seed: number) =>
  new Sequential([
    new Linear({ key: key(seed), inFeatures: 2, outFeatures: 3 }),
    new BatchNorm({ channels: 3 }),
    new ReLU(),
  ]);

describe("weights by name", () => {
  test("a model goes through a file", async () => {
    const [from, to] = [make(0), make(1)];
    const bytes = await writeSafetensors(saveWeights(from));
    const { model, missing, unexpected, misshapen } = loadWeights(to, readSafetensors(bytes).tensors);
    expect([missing, unexpected, misshapen]).toEqual([[], [], []]);
    expect(model).toBeInstanceOf(Sequential);
    const wanted = treeLeaves(from);
    for (const [i, { path, value }] of treeLeaves(model).entries()) {
      expect(path).toBe(wanted[i]?.path);
      expect(await value.data()).toEqual(await wanted[i]?.value.data());
    }
    const x = tensor([[1, -2]]);
    expect(await model.forward(x).data()).toEqual(await from.forward(x).data());
    // Neither model was changed.
    expect(await to.forward(x).data()).not.toEqual(await from.forward(x).data());
  });

  test("what does not fit is reported, and refused when strict", async () => {
    const tensors = {
      "0.weight": tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      "0.bias": tensor([1, 2]),
      "1.weight": tensor([1, 2, 3], { dtype: "i32" }),
      "1.running_mean": tensor([0, 0, 0]),
      "head.weight": tensor([1]),
    };
    const model = make(0);
    const loaded = loadWeights(model, tensors, { strict: false });
    expect(loaded.missing).toEqual(["1.bias", "1.running_var"]);
    expect(loaded.unexpected).toEqual(["head.weight"]);
    expect(loaded.misshapen).toEqual([{ name: "0.bias", need: [3], got: [2] }]);
    const [linear, norm] = [loaded.model[0] as Linear, loaded.model[1] as BatchNorm];
    expect(linear.weight).toBe(tensors["0.weight"]);
    expect(linear.bias).toBe((model[0] as Linear).bias);
    expect(norm.weight?.dtype).toBe("f32");
    expect([...((await norm.weight?.data()) ?? [])]).toEqual([1, 2, 3]);

    expect(() => loadWeights(model, tensors)).toThrow(WeightsError);
    expect(() => loadWeights(model, tensors)).toThrow(
      "2 missing (1.bias, 1.running_var); 1 unexpected (head.weight); 1 misshapen (0.bias is [2], the model has [3])",
    );
  });

  test("names that objects inherit are no tensors", () => {
    const { missing } = loadWeights({ toString: tensor([1]) }, {}, { strict: false });
    expect(missing).toEqual(["toString"]);
  });
});
