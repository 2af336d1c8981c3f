import type { Tensor } from "../../mod.ts";
import { interpolate } from "../../vision.ts";

/**
 * How a table of positions is laid over a grid of another size. "dino": neighbours are side / (target + 0.1) apart, as
 * in the code of DINO and SelfPatch; "size": side / target, as in EsViT's.
 */
export type PositionRule = "dino" | "size";

/**
 * A square grid of position embeddings for another grid, bicubic (a = -0.75) without smoothing.
 *
 * @param grid `f32[1, side * side, D]`, row by row.
 * @param target Rows and columns wanted.
 * @returns `f32[1, h * w, D]`.
 *
 * Source: models/vit/positions.ts. Specification: DINO's interpolate_pos_encoding.
 */
export function resamplePositions(
  grid: Tensor,
  [h, w]: readonly [number, number],
  rule: PositionRule,
): Tensor {
  const [, count = 0, width = 0] = grid.shape;
  const side = Math.round(Math.sqrt(count));
  const image = grid.reshape([1, side, side, width]).permute([0, 3, 1, 2]);
  const size = rule === "size" ? { size: [h, w] } : { scaleFactor: [(h + 0.1) / side, (w + 0.1) / side] };
  return interpolate(image, { ...size, mode: "bicubic" })
    .permute([0, 2, 3, 1])
    .reshape([1, h * w, width]);
}
