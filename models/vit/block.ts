import type { Tensor } from "../../mod.ts";
import { DropPath } from "../nn/dropout.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { LayerNorm } from "../nn/norm.ts";
import { SelfAttention } from "./attention.ts";
import { Mlp } from "./mlp.ts";

/** Added to the variance by all layer norms of these models. */
export const EPS = 1e-6;

export interface BlockOptions {
  key: Tensor;
  width: number;
  heads: number;
  mlpRatio: number;
  /** Probability that a sample skips a branch in training. */
  dropPath: number;
}

/** Attention and an MLP, each behind a layer norm and beside a shortcut. */
export class Block implements Module {
  readonly norm1: LayerNorm;
  readonly attn: SelfAttention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly dropPath: DropPath;

  constructor({ key, width, heads, mlpRatio, dropPath }: BlockOptions) {
    const next = keyStream(key);
    this.norm1 = new LayerNorm({ shape: width, eps: EPS });
    this.attn = new SelfAttention({ key: next(), width, heads });
    this.norm2 = new LayerNorm({ shape: width, eps: EPS });
    this.mlp = new Mlp({ key: next(), width, hidden: Math.round(width * mlpRatio) });
    this.dropPath = new DropPath({ p: dropPath });
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    return this.behind(x, this.attn.forward(this.norm1.forward(x)), mode);
  }

  /** What `forward` gives for the first token, `f32[B, 1, width]`, at the cost of little more than keys and values. */
  first(x: Tensor, mode: Mode = evalMode): Tensor {
    return this.behind(x.slice(null, [0, 1]), this.attn.first(this.norm1.forward(x)), mode);
  }

  private behind(x: Tensor, taken: Tensor, mode: Mode): Tensor {
    const mixed = x.add(this.dropPath.forward(taken, mode));
    return mixed.add(this.dropPath.forward(this.mlp.forward(this.norm2.forward(mixed)), mode));
  }

  /** The attention map of the block at its input: `f32[B, heads, N, N]`. */
  attention(x: Tensor): Tensor {
    return this.attn.weights(this.norm1.forward(x));
  }
}
