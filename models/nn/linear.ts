import { linear, type Tensor, zeros } from "../../mod.ts";
import { torchDefault } from "./init.ts";
import { keyStream } from "./keys.ts";
import type { Module } from "./module.ts";

export interface LinearOptions {
  key: Tensor;
  inFeatures: number;
  outFeatures: number;
  /** Default true. */
  bias?: boolean;
  /** What the weight starts from; a bias then starts at 0. Default: PyTorch's rule for both. */
  init?: (key: Tensor, shape: readonly number[]) => Tensor;
}

/** `x W^T + b` on the last axis: `f32[..., inFeatures]` to `f32[..., outFeatures]`. */
export class Linear implements Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor({ key, inFeatures, outFeatures, bias = true, init }: LinearOptions) {
    const next = keyStream(key);
    const start = init ?? ((at: Tensor, shape: readonly number[]) => torchDefault(at, shape, inFeatures));
    this.weight = start(next(), [outFeatures, inFeatures]);
    const first = () => (init ? zeros([outFeatures]) : torchDefault(next(), [outFeatures], inFeatures));
    this.bias = bias ? first() : null;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias ?? undefined);
  }
}

/**
 * A linear layer whose weight is kept as direction and length: row r is `weight_g[r] * weight_v[r] / |weight_v[r]|`.
 *
 * Paper: Salimans and Kingma 2016.
 */
export class WeightNormLinear implements Module {
  /** Length of each row, `f32[outFeatures, 1]`. */
  readonly weight_g: Tensor;
  readonly weight_v: Tensor;
  readonly bias: Tensor | null;

  constructor({ key, inFeatures, outFeatures, bias = true }: LinearOptions) {
    const plain = new Linear({ key, inFeatures, outFeatures, bias });
    this.weight_v = plain.weight;
    this.weight_g = rowNorm(plain.weight);
    this.bias = plain.bias;
  }

  /** The weight that the layer multiplies by. */
  weight(): Tensor {
    return this.weight_v.mul(this.weight_g.div(rowNorm(this.weight_v)));
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight(), this.bias ?? undefined);
  }
}

const rowNorm = (weight: Tensor): Tensor => weight.mul(weight).sum({ axis: -1, keepDims: true }).sqrt();
