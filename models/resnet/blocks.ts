import { relu, sigmoid, type Tensor, treeMap } from "../../mod.ts";
import { globalAvgPool } from "../../vision.ts";
import { Conv2d, type ConvOptions } from "../nn/conv.ts";
import { kaimingNormal } from "../nn/init.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { BatchNorm } from "../nn/norm.ts";
import { Sequential } from "../nn/sequential.ts";

export interface BlockOptions {
  readonly key: Tensor;
  readonly inChannels: number;
  /** Width of the 3x3 convolutions. */
  readonly planes: number;
  readonly stride: number;
  /** Groups of the 3x3 convolution of `seResNext`. */
  readonly groups: number;
  /** By how much squeeze-and-excitation narrows its channels. */
  readonly reduction: number;
}

/** What a residual network is made of, and how many channels leave a block for each of its planes. */
export interface BlockKind {
  readonly expansion: number;
  readonly make: (options: BlockOptions) => Module;
}

/** A convolution without bias that starts as in torchvision: normal, with the variance of He's fan-out rule. */
export function heConv(options: ConvOptions): Conv2d {
  return treeMap(
    (weight) => kaimingNormal(options.key, weight.shape, { mode: "fanOut", nonlinearity: "relu" }),
    new Conv2d({ ...options, bias: false }),
  );
}

const square = (key: Tensor, inChannels: number, outChannels: number, size: number, stride = 1, groups = 1) =>
  heConv({
    key,
    inChannels,
    outChannels,
    kernelSize: size,
    stride,
    groups,
    padding: (size - 1) / 2,
  });

/** The input itself where its shape stays, and else a 1x1 convolution with batch norm. */
const shortcut = (key: Tensor, inChannels: number, outChannels: number, stride: number) =>
  stride === 1 && inChannels === outChannels
    ? null
    : new Sequential([
        square(key, inChannels, outChannels, 1, stride),
        new BatchNorm({ channels: outChannels }),
      ]);

/** Two 3x3 convolutions beside a shortcut. */
class BasicBlock implements Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly downsample: Sequential | null;

  constructor({ key, inChannels, planes, stride }: BlockOptions) {
    const next = keyStream(key);
    this.conv1 = square(next(), inChannels, planes, 3, stride);
    this.bn1 = new BatchNorm({ channels: planes });
    this.conv2 = square(next(), planes, planes, 3);
    this.bn2 = new BatchNorm({ channels: planes });
    this.downsample = shortcut(next(), inChannels, planes, stride);
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const inner = relu(this.bn1.forward(this.conv1.forward(x), mode));
    const y = this.bn2.forward(this.conv2.forward(inner), mode);
    return relu(y.add(this.downsample ? this.downsample.forward(x, mode) : x));
  }
}

/** 1x1, 3x3 (which has the stride) and 1x1 convolutions beside a shortcut. */
class Bottleneck implements Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm;
  readonly se: SqueezeExcitation | null;
  readonly downsample: Sequential | null;

  constructor(
    { key, inChannels, planes, stride, groups, reduction }: BlockOptions,
    { expansion, squeezes }: { expansion: number; squeezes: boolean },
  ) {
    const next = keyStream(key);
    const outChannels = expansion * planes;
    this.conv1 = square(next(), inChannels, planes, 1);
    this.bn1 = new BatchNorm({ channels: planes });
    this.conv2 = square(next(), planes, planes, 3, stride, squeezes ? groups : 1);
    this.bn2 = new BatchNorm({ channels: planes });
    this.conv3 = square(next(), planes, outChannels, 1);
    this.bn3 = new BatchNorm({ channels: outChannels });
    this.downsample = shortcut(next(), inChannels, outChannels, stride);
    this.se = squeezes ? new SqueezeExcitation({ key: next(), channels: outChannels, reduction }) : null;
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const narrow = relu(this.bn1.forward(this.conv1.forward(x), mode));
    const inner = relu(this.bn2.forward(this.conv2.forward(narrow), mode));
    const wide = this.bn3.forward(this.conv3.forward(inner), mode);
    const y = this.se ? this.se.forward(wide) : wide;
    return relu(y.add(this.downsample ? this.downsample.forward(x, mode) : x));
  }
}

/** Weighs each channel by what all channels are on average. Paper: Hu et al. 2018. */
class SqueezeExcitation implements Module {
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;

  constructor({ key, channels, reduction }: { key: Tensor; channels: number; reduction: number }) {
    const next = keyStream(key);
    const inner = Math.max(1, Math.floor(channels / reduction));
    this.fc1 = new Conv2d({ key: next(), inChannels: channels, outChannels: inner, kernelSize: 1 });
    this.fc2 = new Conv2d({ key: next(), inChannels: inner, outChannels: channels, kernelSize: 1 });
  }

  forward(x: Tensor): Tensor {
    const squeezed = globalAvgPool(x, { keepDims: true });
    return x.mul(sigmoid(this.fc2.forward(relu(this.fc1.forward(squeezed)))));
  }
}

export const blockKinds = {
  /** Of ResNet-18 and 34. Paper: He et al. 2016. */
  basic: { expansion: 1, make: (options) => new BasicBlock(options) },
  /** Of ResNet-50 and up; the stride is on the 3x3 convolution, as in torchvision. */
  bottleneck: {
    expansion: 4,
    make: (options) => new Bottleneck(options, { expansion: 4, squeezes: false }),
  },
  /** Grouped, with squeeze-and-excitation before the sum. Papers: Xie et al. 2017; Hu et al. 2018. */
  seResNext: {
    expansion: 2,
    make: (options) => new Bottleneck(options, { expansion: 2, squeezes: true }),
  },
} as const satisfies Record<string, BlockKind>;
