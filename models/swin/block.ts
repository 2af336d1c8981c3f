import { foldIn, type Tensor } from "../../mod.ts";
import { DropPath } from "../nn/dropout.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { LayerNorm } from "../nn/norm.ts";
import { type ScoreOptions, SelfAttention, type SelfAttentionOptions } from "../vit/attention.ts";
import { EPS } from "../vit/block.ts";
import { tokenNormal } from "../vit/init.ts";
import { Mlp } from "../vit/mlp.ts";
import { relativeBias } from "./relative-bias.ts";
import { paddedSide, partition, shiftMask, unpartition, type Windowing } from "./windows.ts";

/** Attention within windows, with a learned bias for each offset of two positions. */
export class WindowAttention extends SelfAttention {
  /** `f32[(2 w - 1)^2, heads]` */
  readonly relative_position_bias_table: Tensor;
  readonly window: number;

  constructor(options: SelfAttentionOptions & { window: number }) {
    super(options);
    this.window = options.window;
    const offsets = (2 * options.window - 1) ** 2;
    // The linear layers have the keys 0 and 1.
    this.relative_position_bias_table = tokenNormal(foldIn(options.key, 2), [offsets, options.heads]);
  }

  /** The bias of each pair of positions, `f32[heads, w * w, w * w]`. */
  bias(): Tensor {
    return relativeBias(this.relative_position_bias_table, this.window);
  }
}

export interface SwinBlockOptions extends Windowing {
  key: Tensor;
  width: number;
  heads: number;
  mlpRatio: number;
  dropPath: number;
  /** Added to the variance by the layer norms. Default 1e-6. */
  eps?: number;
}

/**
 * Window attention and an MLP, each behind a layer norm and beside a shortcut, on a square grid of tokens.
 *
 * The grid is filled up with zeros behind the norm, so that the filling has the biases of the layer as its keys and
 * values, and takes part in the attention, as in the reference code.
 */
export class SwinBlock implements Module {
  readonly norm1: LayerNorm;
  readonly attn: WindowAttention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly dropPath: DropPath;
  readonly window: number;
  readonly shift: number;

  constructor({ key, width, heads, mlpRatio, dropPath, window, shift, eps = EPS }: SwinBlockOptions) {
    const next = keyStream(key);
    this.norm1 = new LayerNorm({ shape: width, eps });
    this.attn = new WindowAttention({ key: next(), width, heads, window });
    this.norm2 = new LayerNorm({ shape: width, eps });
    this.mlp = new Mlp({ key: next(), width, hidden: Math.round(width * mlpRatio) });
    this.dropPath = new DropPath({ p: dropPath });
    this.window = window;
    this.shift = shift;
  }

  /** `f32[B, S * S, width]` to the same shape. */
  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const side = sideOf(x);
    const windows = this.attn.mix(this.windowsOf(x), this.scores(side));
    const mixed = x.add(this.dropPath.forward(unpartition(windows, side, this).reshape(x.shape), mode));
    return mixed.add(this.dropPath.forward(this.mlp.forward(this.norm2.forward(mixed)), mode));
  }

  /** The attention maps of the windows at the input of the block: `f32[B, windows, heads, w * w, w * w]`. */
  attention(x: Tensor): Tensor {
    return this.attn.weights(this.windowsOf(x), this.scores(sideOf(x)));
  }

  private windowsOf(x: Tensor): Tensor {
    const [batch = 0, , width = 0] = x.shape;
    const side = sideOf(x);
    return partition(this.norm1.forward(x).reshape([batch, side, side, width]), this);
  }

  private scores(side: number): ScoreOptions {
    const bias = this.attn.bias();
    return this.shift > 0 ? { bias, mask: shiftMask(paddedSide(side, this.window), this) } : { bias };
  }
}

/** The side of the square grid that tokens `[B, S * S, D]` form. */
export function sideOf(x: Tensor): number {
  const side = Math.round(Math.sqrt(x.shape[1] as number));
  if (x.rank === 3 && side * side === x.shape[1]) return side;
  throw new RangeError(`Swin: tokens of shape [${x.shape}] form no square grid; try square images`);
}
