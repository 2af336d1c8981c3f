import { type AttentionOptions, linear, scaledDotProductAttention, type Tensor } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear } from "../nn/linear.ts";
import type { Module } from "../nn/module.ts";
import { tokenNormal } from "./init.ts";

export interface SelfAttentionOptions {
  key: Tensor;
  width: number;
  heads: number;
}

/** What is added to the scores of a call. */
export type ScoreOptions = Pick<AttentionOptions, "bias" | "mask">;

/**
 * Attention of several heads among the tokens of `f32[..., N, width]`, with one linear layer for queries, keys and
 * values, one below the other, each head by head.
 *
 * Source: models/vit/attention.ts. Paper: Dosovitskiy et al. 2021.
 */
export class SelfAttention implements Module {
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly heads: number;

  constructor({ key, width, heads }: SelfAttentionOptions) {
    checkHeads(width, heads);
    const next = keyStream(key);
    this.qkv = new Linear({ key: next(), inFeatures: width, outFeatures: 3 * width, init: tokenNormal });
    this.proj = new Linear({ key: next(), inFeatures: width, outFeatures: width, init: tokenNormal });
    this.heads = heads;
  }

  forward(x: Tensor): Tensor {
    return this.mix(x, {});
  }

  /** What `forward` gives for the first token alone, `f32[B, 1, width]`: its query, and the keys and values of all. */
  first(x: Tensor): Tensor {
    const width = x.shape.at(-1) as number;
    const { weight, bias } = this.qkv;
    const parts = [width, 2 * width];
    const [ofQueries, ofOthers] = weight.split(parts) as [Tensor, Tensor];
    const [bias1, bias2] = bias?.split(parts) ?? [];
    const queries = linear(x.slice(null, [0, 1]), ofQueries, bias1);
    const others = linear(x, ofOthers, bias2).split(2, { axis: -1 });
    const [q, k, v] = [queries, ...others].map((part) => splitHeads(part, this.heads)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return this.proj.forward(joinHeads(scaledDotProductAttention(q, k, v)));
  }

  /** As `forward`, with something added to the scores `[..., heads, N, N]`. */
  mix(x: Tensor, scores: ScoreOptions): Tensor {
    const [q, k, v] = this.byHead(x);
    return this.proj.forward(joinHeads(scaledDotProductAttention(q, k, v, scores)));
  }

  /** How much each token takes from each, after the softmax: `f32[..., heads, N, N]`. */
  weights(x: Tensor, scores: ScoreOptions = {}): Tensor {
    const [q, k, v] = this.byHead(x);
    return scaledDotProductAttention(q, k, v, { ...scores, weights: true }).weights;
  }

  private byHead(x: Tensor): [Tensor, Tensor, Tensor] {
    return this.qkv
      .forward(x)
      .split(3, { axis: -1 })
      .map((part) => splitHeads(part, this.heads)) as [Tensor, Tensor, Tensor];
  }
}

export function checkHeads(width: number, heads: number): void {
  if (Number.isInteger(heads) && heads > 0 && width % heads === 0) return;
  throw new RangeError(`attention: a width of ${width} does not fall into ${heads} heads; need a multiple`);
}

/** `[..., N, width]` as `[..., heads, N, width / heads]`. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const width = x.shape.at(-1) as number;
  return x.reshape([...x.shape.slice(0, -1), heads, width / heads]).swapAxes(-2, -3);
}

/** `[..., heads, N, D]` as `[..., N, heads * D]`. */
export function joinHeads(x: Tensor): Tensor {
  const [heads = 0, tokens = 0, width = 0] = x.shape.slice(-3);
  return x.swapAxes(-2, -3).reshape([...x.shape.slice(0, -3), tokens, heads * width]);
}
