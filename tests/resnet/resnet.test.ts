import { beforeAll, expect, test } from "vitest";
import { configureDevice, key, treeLeaves } from "../../mod.ts";
import { isTrainable, ResNet, type ResNetName, resNets, SimClr } from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const parametersOf = (model: unknown): number =>
  treeLeaves(model)
    .filter(({ path }) => isTrainable(path))
    .reduce((sum, { value }) => sum + value.size, 0);

test.each<[ResNetName, number]>([
  ["resnet18", 11_689_512],
  ["resnet34", 21_797_672],
  ["resnet50", 25_557_032],
])("%s has as many parameters as torchvision's", (name, count) => {
  expect(parametersOf(new ResNet({ ...resNets[name], key: key(0), classes: 1000 }))).toBe(count);
});

test.each<[ResNetName, number, number]>([
  ["resnet18", 512, 11.5],
  ["resnet50", 2048, 28.0],
])("SimCLR on %s has h of %i and the parameters of the paper", (name, width, millions) => {
  const model = new SimClr({ key: key(0), network: resNets[name] });
  expect(model.width).toBe(width);
  expect(Math.abs(parametersOf(model) / 1e6 - millions)).toBeLessThan(0.06);
});

test("names are those of torchvision", () => {
  const model = new ResNet({ ...resNets.resnet18, key: key(0), classes: 10 });
  const paths = treeLeaves(model).map(({ path }) => path);
  expect(paths).toContain("layer2.0.downsample.1.num_batches_tracked");
  expect(paths.slice(0, 2)).toEqual(["conv1.weight", "bn1.weight"]);
  expect(paths).toContain("fc.bias");
  expect(paths.length).toBe(122);
});

test("small stems keep the resolution", () => {
  const model = new ResNet({ ...resNets.resnet18Small, key: key(0), channels: 1 });
  expect(model.conv1.weight.shape).toEqual([64, 1, 3, 3]);
  expect([model.pool, model.fc]).toEqual([false, null]);
});
