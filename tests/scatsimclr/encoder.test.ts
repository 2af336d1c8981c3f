import { beforeAll, expect, test } from "vitest";
import { configureDevice, key, tensor, treeLeaves, zeros } from "../../mod.ts";
import { adapters } from "../../models/scatsimclr/presets.ts";
import { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

test("names are those of the published checkpoints", () => {
  const model = new ScatSimClr({
    key: key(0),
    scattering: { J: 2, L: 4, shape: [32, 32] },
    adapter: adapters.nano,
    hidden: 256,
    out: 64,
  });
  const shapes = Object.fromEntries(treeLeaves(model).map(({ path, value }) => [path, value.shape]));
  expect(shapes).toMatchObject({
    "_adapter_network.0.weight": [32, 75, 3, 3],
    "_adapter_network.1.running_var": [32],
    "_adapter_network.3.0.conv1.weight": [64, 32, 3, 3],
    "_adapter_network.3.0.bn2.bias": [64],
    "_adapter_network.3.0.downsample.0.weight": [64, 32, 1, 1],
    "_adapter_network.3.0.downsample.1.num_batches_tracked": [],
    "l1.weight": [256, 1024],
    "l2.bias": [64],
  });
  expect(model.width).toBe(1024);
});

test.each([
  ["scatsimclr8", 16, 6_104_480],
  ["scatsimclr8", 8, 5_924_768],
  ["scatsimclr12", 16, 9_276_416],
  ["scatsimclr12", 8, 7_838_720],
  ["scatsimclr16", 16, 10_458_112],
  ["scatsimclr16", 8, 9_020_416],
  ["scatsimclr30", 16, 15_499_904],
  ["scatsimclr30", 8, 14_062_208],
  ["scatsimclr45", 16, 16_589_568],
  ["scatsimclr45", 8, 15_151_872],
] as const)("%s with %i angles has %i parameters", (name, L, count) => {
  const model = new ScatSimClr({
    key: key(0),
    scattering: { J: 2, L, shape: [96, 96] },
    adapter: adapters[name],
  });
  const learned = treeLeaves(model).filter(({ path }) => !/running_|num_batches/.test(path));
  expect(learned.reduce((total, { value }) => total + value.size, 0)).toBe(count);
});

test("images may have another size than the model was made for", () => {
  const model = new ScatSimClr({
    key: key(0),
    scattering: { J: 1, L: 2, shape: [8, 8] },
    adapter: { stem: 2, stages: [] },
  });
  expect(model.scatter(tensor(new Float32Array(360), { shape: [1, 3, 12, 10] })).shape).toEqual([1, 9, 6, 5]);
});

test("images of one channel are welcome", () => {
  const model = new ScatSimClr({
    key: key(0),
    scattering: { J: 1, L: 2, shape: [8, 8] },
    channels: 1,
    adapter: { stem: 2, stages: [] },
    out: 3,
  });
  const { h, z } = model.forward(tensor(new Float32Array(128), { shape: [2, 1, 8, 8] }));
  expect([h.shape, z.shape]).toEqual([
    [2, 32],
    [2, 3],
  ]);
});

test.each([
  [[8, 8], "need [B, 3, H, W]"],
  [[3, 8, 8], "need [B, 3, H, W]; try images.unsqueeze(0)"],
  [[2, 1, 8, 8], "images is f32[2,1,8,8]; need [B, 3, H, W]"],
] as const)("says what images of %j should be", (shape, words) => {
  const model = new ScatSimClr({
    key: key(0),
    scattering: { J: 1, L: 2, shape: [8, 8] },
    adapter: { stem: 2, stages: [] },
  });
  expect(() => model.forward(zeros(shape))).toThrow(words);
});
