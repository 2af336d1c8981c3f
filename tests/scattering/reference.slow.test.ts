import { beforeAll, describe } from "vitest";
import { configureDevice } from "../../mod.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";
import { compareWithReference, references } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("values and gradients of the reference", () => {
  for (const name of references.slice(1)) {
    goldenTest(`scattering/scat2d_${name}`, name, compareWithReference);
  }
});
