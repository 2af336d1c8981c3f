import { beforeAll, expect } from "vitest";
import { configureDevice, type Tensor, valueAndGrad } from "../../mod.ts";
import { adaptiveAvgPool2d } from "../../vision.ts";
import { nodeGPU } from "../support/host.ts";
import { relativeDistance } from "./closeness.ts";
import { goldenTest } from "./golden-file.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

goldenTest("scatsimclr/adaptive_pool4", "adaptive pooling to 4x4, up and down", async (golden) => {
  const cases = golden.names.filter((name) => /^x\d+$/.test(name));
  expect(cases).toHaveLength(7);
  for (const name of cases) {
    const n = name.slice(1);
    const { grads, aux } = valueAndGrad((x: Tensor) => {
      const y = adaptiveAvgPool2d(x, 4);
      return { loss: y.mul(golden.tensor(`cot${n}`)).sum(), aux: y };
    })(golden.tensor(name));
    expect(relativeDistance(await aux.data(), golden.values(`y${n}`))).toBeLessThan(1e-6);
    expect(relativeDistance(await grads.data(), golden.values(`grad${n}`))).toBeLessThan(1e-6);
  }
});
