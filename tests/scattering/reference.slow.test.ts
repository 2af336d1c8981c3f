import { beforeAll, describe } from "vitest";
import { configureDevice } from "../../mod.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { nodeGPU } from "../support/host.ts";
import { compareWithReference } from "./reference.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

describe("values and gradients of the reference", () => {
  for (const name of [
    "J1_L4_o1_16x16",
    "J2_L4_o2_16x16_zero",
    "J2_L4_o2_nobatch_16x16",
    "J2_L8_o2_5x7",
    "J3_L4_o2_8x8",
    "J4_L4_o1_48x48",
    "J2_L6_o2_20x36",
    "J2_L8_o1_32x32",
    "J2_L8_o2_24x24_prepad",
    "J2_L8_o2_32x32",
    "J2_L16_o2_32x32_rgb",
    "J2_L16_o2_96x96",
    "J3_L4_o2_8x24",
    "J3_L4_o2_32x32",
    "J3_L4_o2_37x51",
    "J3_L8_o2_224x224",
    "J4_L4_o2_48x48",
  ]) {
    goldenTest(`scattering/scat2d_${name}`, name, compareWithReference);
  }
});
