// Scattering transforms against the reference files.
import { expect } from "vitest";
import { type Tensor, valueAndGrad } from "../../mod.ts";
import { type Scattering2d, scattering2d } from "../../models/scattering/scattering2d.ts";
import type { Golden } from "../golden/golden-file.ts";
import { distance, largest } from "../support/distance.ts";

/** The transforms that there are files of; the first is the quickest. */
export const references = [
  "J1_L8_o2_16x16",
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
] as const;

/** The transform that a file was made with. */
export function transformOf(golden: Golden): Scattering2d {
  const [rows = 0, columns = 0, J = 0, L = 0, order, prePadded] = golden.values("config");
  const maxOrder = order === 1 ? 1 : 2;
  return scattering2d({ J, L, shape: [rows, columns], maxOrder, prePadded: prePadded === 1 });
}

/** Output, gradient and loss. */
export async function compareWithReference(golden: Golden): Promise<void> {
  const transform = transformOf(golden);
  const cotangent = cotangentOf(golden);
  const { value, grads, aux } = valueAndGrad((images: Tensor) => {
    const output = transform(images);
    return { loss: output.mul(cotangent).sum(), aux: output };
  })(golden.tensor("input"));
  expect(aux.shape).toEqual(golden.array("output").shape);
  const [output, gradient, loss] = await Promise.all([aux.data(), grads.data(), value.item()]);
  const wantedGradient = golden.values("grad");
  const wantedLoss = golden.values("loss")[0] as number;
  expect(distance(output, golden.values("output"))).toBeLessThan(1e-5);
  expect(distance(gradient, wantedGradient)).toBeLessThan(1e-5 * Math.max(1, largest(wantedGradient)));
  expect(Math.abs(loss - wantedLoss)).toBeLessThan(1e-5 * Math.max(1, Math.abs(wantedLoss)));
}

/** Large files keep it as a product. */
function cotangentOf(golden: Golden): Tensor {
  if (golden.names.includes("cotangent")) return golden.tensor("cotangent");
  return golden.tensor("cotangent_k").reshape([-1, 1, 1]).mul(golden.tensor("cotangent_mn"));
}
