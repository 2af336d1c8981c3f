import { pad, type Tensor } from "../../mod.ts";
import { Linear } from "../nn/linear.ts";
import type { Module } from "../nn/module.ts";
import { LayerNorm } from "../nn/norm.ts";
import { EPS } from "../vit/block.ts";
import { tokenNormal } from "../vit/init.ts";
import { sideOf } from "./block.ts";

/** Four neighbouring tokens as one of twice the width: `f32[B, S * S, D]` to `f32[B, ceil(S / 2)^2, 2 D]`. */
export class PatchMerging implements Module {
  readonly reduction: Linear;
  readonly norm: LayerNorm;

  constructor({ key, width, eps = EPS }: { key: Tensor; width: number; eps?: number }) {
    const sizes = { inFeatures: 4 * width, outFeatures: 2 * width };
    this.reduction = new Linear({ key, ...sizes, bias: false, init: tokenNormal });
    this.norm = new LayerNorm({ shape: 4 * width, eps });
  }

  forward(x: Tensor): Tensor {
    const [batch = 0, , width = 0] = x.shape;
    const side = sideOf(x);
    const grid = x.reshape([batch, side, side, width]);
    const even =
      side % 2 === 0
        ? grid
        : pad(grid, [
            [0, 0],
            [0, 1],
            [0, 1],
            [0, 0],
          ]);
    const half = Math.ceil(side / 2);
    // Of the four, the row changes faster than the column.
    const fours = even
      .reshape([batch, half, 2, half, 2, width])
      .permute([0, 1, 3, 4, 2, 5])
      .reshape([batch, half * half, 4 * width]);
    return this.reduction.forward(this.norm.forward(fours));
  }
}
