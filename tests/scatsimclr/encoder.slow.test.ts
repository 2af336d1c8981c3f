import { beforeAll, describe } from "vitest";
import { configureDevice } from "../../mod.ts";
import { adapters } from "../../models/scatsimclr/presets.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";
import { compareEncoder } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("the learned part agrees with the reference", () => {
  const cases = [
    ["encoder_narrow8_in12_8x8", adapters.scatsimclr8],
    ["encoder_narrow12_in10_6x6", adapters.scatsimclr12],
  ] as const;
  for (const [name, adapter] of cases)
    goldenTest(`scatsimclr/${name}`, name, (golden) => compareEncoder(golden, adapter));
});
