import { beforeAll, describe } from "vitest";
import { configureDevice } from "../../mod.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";
import { compareResNet } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("one training step of the reference", () => {
  for (const name of ["basic_cifar", "se_resnext", "resnet18_narrow", "bottleneck_narrow"])
    goldenTest(`resnet/${name}`, name, compareResNet);
});
