import type { Tensor } from "../../mod.ts";
import { interpolate, unfold } from "../../vision.ts";

/**
 * The bias of each pair of positions of a window from a table over their offsets.
 *
 * The table is a square grid of (row, column) offsets, so the biases of one query are a window of it, read backwards:
 * no gather, and a gradient that adds windows up in place of scattering.
 *
 * @param table `f32[(2 w - 1)^2, heads]`; the offset of rows varies slowest.
 * @returns `f32[heads, w * w, w * w]`, query by key.
 *
 * Source: models/swin/relative-bias.ts. Paper: Liu et al. 2021, eq. 4.
 */
export function relativeBias(table: Tensor, w: number): Tensor {
  const heads = table.shape[1] as number;
  const side = 2 * w - 1;
  const grid = table.transpose().reshape([1, heads, side, side]);
  // Window q of the grid begins at its row and column, and holds the keys from the last to the first.
  return unfold(grid, { kernelSize: w })
    .reshape([heads, w * w, w * w])
    .flip(1)
    .swapAxes(1, 2);
}

/** The row of the table that a pair of positions has, query by key, `[w * w][w * w]`. */
export function relativePositionIndex(w: number): number[][] {
  const cells = Array.from({ length: w * w }, (_, i) => [Math.floor(i / w), i % w] as const);
  return cells.map(([qr, qc]) =>
    cells.map(([kr, kc]) => (qr - kr + w - 1) * (2 * w - 1) + (qc - kc + w - 1)),
  );
}

/**
 * A table for windows of another size: its grid resized, bicubic (a = -0.75).
 *
 * @param table `f32[from^2, heads]`.
 * @param side Offsets along an axis, 2 w - 1.
 * @returns `f32[side^2, heads]`.
 */
export function resizeBiasTable(table: Tensor, side: number): Tensor {
  const [count = 0, heads = 0] = table.shape;
  const from = Math.round(Math.sqrt(count));
  const grid = table.transpose().reshape([1, heads, from, from]);
  return interpolate(grid, { size: [side, side], mode: "bicubic" })
    .reshape([heads, side * side])
    .transpose();
}
