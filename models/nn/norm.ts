import { batchNorm, groupNorm, layerNorm, ones, rmsNorm, scalar, type Tensor, zeros } from "../../mod.ts";
import { evalMode, type Mode } from "./mode.ts";
import type { Module } from "./module.ts";

export interface BatchNormOptions {
  channels: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** The part of the running statistics that each batch replaces. Default 0.1. */
  momentum?: number;
  /** Whether there are a weight and a bias. Default true. */
  affine?: boolean;
}

/**
 * Batch normalisation over axis 1 of `f32[B, C]`, `f32[B, C, L]`, `f32[B, C, H, W]` or `f32[B, C, T, H, W]`.
 *
 * In training the statistics are those of the batch (biased variance), and `mode` gets the new running ones (unbiased
 * variance); `mode.apply(model)` puts them into the model.
 *
 * Source: models/nn/norm.ts. Paper: Ioffe and Szegedy 2015.
 */
export class BatchNorm implements Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly running_mean: Tensor;
  readonly running_var: Tensor;
  readonly num_batches_tracked: Tensor;
  readonly eps: number;
  readonly momentum: number;

  constructor({ channels, eps = 1e-5, momentum = 0.1, affine = true }: BatchNormOptions) {
    this.weight = affine ? ones([channels]) : null;
    this.bias = affine ? zeros([channels]) : null;
    this.running_mean = zeros([channels]);
    this.running_var = ones([channels]);
    this.num_batches_tracked = scalar(0, "i32");
    this.eps = eps;
    this.momentum = momentum;
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const { training } = mode;
    const { output, mean, variance } = batchNorm(x, {
      mean: mode.current(this.running_mean),
      variance: mode.current(this.running_var),
      weight: this.weight ?? undefined,
      bias: this.bias ?? undefined,
      eps: this.eps,
      momentum: this.momentum,
      training,
    });
    if (training) {
      mode.update(this.running_mean, mean);
      mode.update(this.running_var, variance);
      mode.update(this.num_batches_tracked, mode.current(this.num_batches_tracked).add(1));
    }
    return output;
  }
}

export interface LayerNormOptions {
  /** The trailing axes that are normalised together. */
  shape: number | readonly number[];
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether there are a weight and a bias. Default true. */
  affine?: boolean;
}

/** Zero mean and unit variance over the trailing axes. Paper: Ba et al. 2016. */
export class LayerNorm implements Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly shape: readonly number[];
  readonly eps: number;

  constructor({ shape, eps = 1e-5, affine = true }: LayerNormOptions) {
    this.shape = typeof shape === "number" ? [shape] : shape;
    this.weight = affine ? ones(this.shape) : null;
    this.bias = affine ? zeros(this.shape) : null;
    this.eps = eps;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return layerNorm(x, this.shape, { weight: weight ?? undefined, bias: bias ?? undefined, eps });
  }
}

export interface GroupNormOptions {
  groups: number;
  channels: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether there are a weight and a bias. Default true. */
  affine?: boolean;
}

/** Zero mean and unit variance over each group of channels and all positions. Paper: Wu and He 2018. */
export class GroupNorm implements Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly groups: number;
  readonly eps: number;

  constructor({ groups, channels, eps = 1e-5, affine = true }: GroupNormOptions) {
    if (!(channels % groups === 0)) {
      throw new RangeError(
        `GroupNorm: ${channels} channels do not fall into ${groups} groups; need a multiple`,
      );
    }
    this.weight = affine ? ones([channels]) : null;
    this.bias = affine ? zeros([channels]) : null;
    this.groups = groups;
    this.eps = eps;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return groupNorm(x, this.groups, { weight: weight ?? undefined, bias: bias ?? undefined, eps });
  }
}

export interface RMSNormOptions {
  /** The trailing axes that are normalised together. */
  shape: number | readonly number[];
  /** Added to the mean square. Default 2^-23. */
  eps?: number;
}

/** Unit mean square over the trailing axes. Paper: Zhang and Sennrich 2019. */
export class RMSNorm implements Module {
  readonly weight: Tensor;
  readonly shape: readonly number[];
  readonly eps: number;

  constructor({ shape, eps = 2 ** -23 }: RMSNormOptions) {
    this.shape = typeof shape === "number" ? [shape] : shape;
    this.weight = ones(this.shape);
    this.eps = eps;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.shape, { weight: this.weight, eps: this.eps });
  }
}
