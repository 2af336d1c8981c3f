import type { Tensor } from "../../mod.ts";
import { constant } from "./constants.ts";
import { contract } from "./contract.ts";
import { amplitude, lowPassSigma } from "./filter-bank.ts";
import type { Geometry } from "./geometry.ts";
import { afterPadding, axisSpectrum, filterMatrix, type Matrix, scaled, withoutBorder } from "./matrices.ts";

/** Averages maps `[N, A, B]` into `[N, m, n]`. */
export type LowPass = (maps: Tensor) => Tensor;

/**
 * The last step of every path: smooth, subsample to the output grid, and drop the border. The filter is a product of
 * one real filter for each axis, so this is exactly one small matrix for the rows and one for the columns.
 *
 * @param level The maps have `2^-level` of the padded resolution; "input" for images as they come in.
 */
export function lowPass(geometry: Geometry, scales: number, level: number | "input"): LowPass {
  const { padded, input, sources } = geometry;
  const sigma = lowPassSigma(scales);
  const scale = Math.sqrt(amplitude(sigma, 1));
  const depth = level === "input" ? 0 : level;
  const axis = (which: 0 | 1): Matrix => {
    const filter = filterMatrix(axisSpectrum(padded[which], sigma, 0, depth), 2 ** (scales - depth)).re;
    const inner = scaled(withoutBorder(filter), scale);
    return level === "input" && sources ? afterPadding(inner, sources[which], input[which]) : inner;
  };
  const rows = constant(axis(0));
  const columns = constant(axis(1));
  return (maps) => {
    const smoothRows = contract(maps, rows(), [1], [1]); // [N, B, m]
    return contract(smoothRows, columns(), [1], [1]);
  };
}
