import { linear, scaledDotProductAttention, type Tensor, zeros } from "../../mod.ts";
import { xavierUniform } from "./init.ts";
import { keyStream } from "./keys.ts";
import { Linear, type LinearOptions } from "./linear.ts";
import { evalMode, type Mode } from "./mode.ts";
import type { Module } from "./module.ts";

export interface MultiheadAttentionOptions {
  key: Tensor;
  width: number;
  heads: number;
  /** Default true. */
  bias?: boolean;
  /** Probability of dropping an attention weight in training. Default 0. */
  dropout?: number;
}

export interface AttendOptions {
  /** True where a query may look at a key, or floats that are added to the scores; broadcasts to `[B, heads, N, M]`. */
  mask?: Tensor;
  /** Added to the scores; broadcasts to `f32[B, heads, N, M]`. */
  bias?: Tensor;
  /** Whether query n sees keys 0..n only. */
  causal?: boolean;
}

/**
 * Attention of several heads, with the projections of queries, keys and values in one matrix.
 *
 * Source: models/nn/attention.ts. Paper: Vaswani et al. 2017. Layout: torch.nn.MultiheadAttention, batch first.
 */
export class MultiheadAttention implements Module {
  /** Rows for queries, keys and values one below the other, `f32[3 width, width]`. */
  readonly in_proj_weight: Tensor;
  readonly in_proj_bias: Tensor | null;
  readonly out_proj: Linear;
  readonly heads: number;
  readonly dropout: number;

  constructor({ key, width, heads, bias = true, dropout = 0 }: MultiheadAttentionOptions) {
    if (!(Number.isInteger(heads) && heads > 0 && width % heads === 0)) {
      throw new RangeError(
        `MultiheadAttention: a width of ${width} does not fall into ${heads} heads; need a multiple`,
      );
    }
    const next = keyStream(key);
    this.in_proj_weight = xavierUniform(next(), [3 * width, width]);
    this.in_proj_bias = bias ? zeros([3 * width]) : null;
    this.out_proj = new OutProjection({ key: next(), inFeatures: width, outFeatures: width, bias });
    this.heads = heads;
    this.dropout = dropout;
  }

  /** Each token of `f32[B, N, width]` attends to all of them. */
  forward(x: Tensor, mode: Mode = evalMode, options: AttendOptions = {}): Tensor {
    return this.mix(
      linear(x, this.in_proj_weight, this.in_proj_bias ?? undefined).split(3, { axis: -1 }),
      mode,
      options,
    ).output;
  }

  /**
   * Tokens attend to other tokens.
   *
   * @param queries `f32[B, N, width]`.
   * @param keys `f32[B, M, width]`.
   * @param values As many as there are keys; by default the keys.
   * @returns `output`, `f32[B, N, width]`, and the `weights` of each head before dropout, `f32[B, heads, N, M]`, which
   *   cost nothing unless they are used.
   */
  attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor = keys,
    mode: Mode = evalMode,
    options: AttendOptions = {},
  ): { output: Tensor; weights: Tensor } {
    const weights = this.in_proj_weight.split(3);
    const biases = this.in_proj_bias?.split(3);
    const projected = [queries, keys, values].map((x, i) => linear(x, weights[i] as Tensor, biases?.[i]));
    return this.mix(projected, mode, options);
  }

  private mix(projected: readonly Tensor[], mode: Mode, options: AttendOptions) {
    const [q, k, v] = projected.map((x) => this.byHead(x)) as [Tensor, Tensor, Tensor];
    const drops = mode.training && this.dropout > 0;
    const { output, weights } = scaledDotProductAttention(q, k, v, {
      ...options,
      ...(drops ? { dropout: { p: this.dropout, key: mode.key() } } : {}),
      weights: true,
    });
    const [batch = 0, , tokens = 0] = output.shape;
    const joined = output
      .permute([0, 2, 1, 3])
      .reshape([batch, tokens, this.out_proj.weight.shape[1] as number]);
    return { output: this.out_proj.forward(joined), weights };
  }

  /** `[B, N, width]` as `[B, heads, N, width / heads]`. */
  private byHead(x: Tensor): Tensor {
    const [batch = 0, tokens = 0, width = 0] = x.shape;
    return x.reshape([batch, tokens, this.heads, width / this.heads]).permute([0, 2, 1, 3]);
  }
}

/** PyTorch starts the bias behind the heads at 0. */
class OutProjection extends Linear {
  override readonly bias: Tensor | null;

  constructor(options: LinearOptions) {
    super({ ...options, bias: false });
    this.bias = options.bias === false ? null : zeros([options.outFeatures]);
  }
}
