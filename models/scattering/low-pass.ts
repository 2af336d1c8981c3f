import { constant } from "./constants.ts";
import { amplitude, lowPassSigma } from "./filter-bank.ts";
import type { Geometry } from "./geometry.ts";
import { type Labelled, product, without } from "./labelled.ts";
import { afterPadding, axisSpectrum, filterMatrix, type Matrix, scaled, withoutBorder } from "./matrices.ts";

/** Averages maps with row axes p, r and column axes q, s, in any order, into `[n, l, k, y, z]`, or as many as there are. */
export type LowPass = (maps: Labelled) => Labelled;

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
  const matrices = [constant(axis(0)), constant(axis(1))] as const;
  /** The matrix of an axis for maps that have it in one piece or, as `p + a r`, in two. */
  const filterOf = (
    { x, axes }: Labelled,
    which: 0 | 1,
    near: string,
    far: string,
    out: string,
  ): Labelled => {
    const matrix = matrices[which]();
    if (!axes.includes(far)) return { x: matrix, axes: out + near };
    const parts = [far, near].map((letter) => x.shape[axes.indexOf(letter)] as number);
    return { x: matrix.reshape([matrix.shape[0] as number, ...parts]), axes: out + far + near };
  };
  return (maps) => {
    const lead = [..."nlk"].filter((letter) => maps.axes.includes(letter)).join("");
    const columns = without(maps.axes, "pr");
    const smoothRows = product(`y${columns}`, filterOf(maps, 0, "p", "r", "y"), maps);
    return product(`${lead}yz`, smoothRows, filterOf(maps, 1, "q", "s", "z"));
  };
}
