import { relu, type Tensor } from "../../mod.ts";
import { Conv2d } from "../nn/conv.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { BatchNorm } from "../nn/norm.ts";
import { Sequential } from "../nn/sequential.ts";

/** Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the width changes. */
export class ResidualBlock implements Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly downsample: Sequential | null;

  constructor(options: { key: Tensor; inChannels: number; outChannels: number }) {
    const { inChannels, outChannels } = options;
    const next = keyStream(options.key);
    const conv = (inputs: number, kernelSize: number) =>
      new Conv2d({
        key: next(),
        inChannels: inputs,
        outChannels,
        kernelSize,
        padding: (kernelSize - 1) / 2,
        bias: false,
      });
    const norm = () => new BatchNorm({ channels: outChannels });
    this.conv1 = conv(inChannels, 3);
    this.bn1 = norm();
    this.conv2 = conv(outChannels, 3);
    this.bn2 = norm();
    this.downsample = inChannels === outChannels ? null : new Sequential([conv(inChannels, 1), norm()]);
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    const inner = relu(this.bn1.forward(this.conv1.forward(x), mode));
    const y = this.bn2.forward(this.conv2.forward(inner), mode);
    return relu(y.add(this.downsample ? this.downsample.forward(x, mode) : x));
  }
}
