import { beforeAll, describe } from "vitest";
import { configureDevice } from "../../mod.ts";
import { adapters } from "../../models/scatsimclr/presets.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";
import { compareEncoder } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("the learned part agrees with the reference, deeper", () => {
  const name = "encoder_narrow12_in10_6x6";
  goldenTest(`scatsimclr/${name}`, name, (golden) => compareEncoder(golden, adapters.scatsimclr12));
});
