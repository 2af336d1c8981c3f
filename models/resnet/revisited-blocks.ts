import { concat, relu, type Tensor } from "../../mod.ts";
import type { Conv2d } from "../nn/conv.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { BatchNorm } from "../nn/norm.ts";
import { heConv } from "./blocks.ts";

/** Batch norm as these networks have it, from TensorFlow. */
export const tfNorm = (channels: number): BatchNorm => new BatchNorm({ channels, eps: 1e-3, momentum: 0.01 });

export const convOf = (
  key: Tensor,
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  stride = 1,
): Conv2d => heConv({ key, inChannels, outChannels, kernelSize, stride, padding: (kernelSize - 1) / 2 });

export interface RevisitedBlockOptions {
  readonly key: Tensor;
  readonly inChannels: number;
  /** Channels of the result. */
  readonly width: number;
  readonly stride: number;
}

/** The three convolutions of a bottleneck, a quarter as wide inside. */
class Branch {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly conv3: Conv2d;

  constructor({ key, inChannels, width, stride }: RevisitedBlockOptions) {
    const next = keyStream(key);
    const inner = width / 4;
    this.conv1 = convOf(next(), inChannels, inner, 1);
    this.bn1 = tfNorm(inner);
    this.conv2 = convOf(next(), inner, inner, 3, stride);
    this.bn2 = tfNorm(inner);
    this.conv3 = convOf(next(), inner, width, 1);
  }

  protected branch(x: Tensor, mode: Mode): Tensor {
    const narrow = relu(this.bn1.forward(this.conv1.forward(x), mode));
    return this.conv3.forward(relu(this.bn2.forward(this.conv2.forward(narrow), mode)));
  }
}

const projects = ({ inChannels, width, stride }: RevisitedBlockOptions): boolean =>
  stride > 1 || inChannels !== width;

/** Activation after the sum. Paper: He et al. 2016. */
export class PostActivationBlock extends Branch implements Module {
  readonly bn3: BatchNorm;
  readonly proj: Conv2d | null;
  readonly proj_bn: BatchNorm | null;

  constructor(options: RevisitedBlockOptions) {
    super(options);
    const { key, inChannels, width, stride } = options;
    this.bn3 = tfNorm(width);
    this.proj = projects(options) ? convOf(key, inChannels, width, 1, stride) : null;
    this.proj_bn = this.proj && tfNorm(width);
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const shortcut = this.proj && this.proj_bn ? this.proj_bn.forward(this.proj.forward(x), mode) : x;
    return relu(this.bn3.forward(this.branch(x, mode), mode).add(shortcut));
  }
}

/** Activation in front of the convolutions, and of the shortcut where that is one. Paper: He et al. 2016b. */
export class PreActivationBlock extends Branch implements Module {
  readonly bn0: BatchNorm;
  readonly proj: Conv2d | null;

  constructor(options: RevisitedBlockOptions) {
    super(options);
    const { key, inChannels, width, stride } = options;
    this.bn0 = tfNorm(inChannels);
    this.proj = projects(options) ? convOf(key, inChannels, width, 1, stride) : null;
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const active = relu(this.bn0.forward(x, mode));
    return this.branch(active, mode).add(this.proj ? this.proj.forward(active) : x);
  }
}

/**
 * A block that can be run backwards: halves `[x1, x2]` of the channels become `[x2, x1 + F(x2)]`, so that what goes in
 * follows from what comes out. Paper: Gomez et al. 2017.
 */
export class ReversibleBlock extends Branch implements Module {
  readonly bn0: BatchNorm;

  constructor({ key, channels }: { key: Tensor; channels: number }) {
    const half = channels / 2;
    super({ key, inChannels: half, width: half, stride: 1 });
    this.bn0 = tfNorm(half);
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const [first, second] = x.chunk(2, { axis: 1 }) as [Tensor, Tensor];
    return concat([second, first.add(this.mixed(second, mode))], { axis: 1 });
  }

  /** What `forward` made `y` of; in training with the statistics of the same batch. */
  inverse(y: Tensor, mode: Mode = evalMode): Tensor {
    const [first, second] = y.chunk(2, { axis: 1 }) as [Tensor, Tensor];
    return concat([second.sub(this.mixed(first, mode)), first], { axis: 1 });
  }

  private mixed(x: Tensor, mode: Mode): Tensor {
    return this.branch(relu(this.bn0.forward(x, mode)), mode);
  }
}
