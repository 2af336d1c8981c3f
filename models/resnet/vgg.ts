import { relu, type Tensor } from "../../mod.ts";
import { maxPool2d } from "../../vision.ts";
import { Conv2d } from "../nn/conv.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import type { BatchNorm } from "../nn/norm.ts";
import { Sequential } from "../nn/sequential.ts";
import { heConv } from "./blocks.ts";
import type { Tapped } from "./revisited.ts";
import { tfNorm } from "./revisited-blocks.ts";

export interface VggOptions {
  readonly key: Tensor;
  /** Channels and number of convolutions of each stack. */
  readonly stacks: readonly { readonly width: number; readonly convolutions: number }[];
  /** Rows and columns that are left after the last stack. */
  readonly spatial: number;
  /** Width of the two layers in front of the last. */
  readonly hidden: number;
  readonly classes: number;
  /** Of the images. Default 3. */
  readonly channels?: number;
}

/** Convolution, batch norm and ReLU. */
class NormedConv implements Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm;

  constructor(key: Tensor, inChannels: number, outChannels: number, kernelSize: number, padding: number) {
    this.conv = heConv({ key, inChannels, outChannels, kernelSize, padding });
    this.bn = tfNorm(outChannels);
  }

  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    return relu(this.bn.forward(this.conv.forward(x), mode));
  }
}

/**
 * VGG with batch norm, its fully connected layers as convolutions, and results of all stacks.
 *
 * @example VGG19 for images of 224x224, as ordinary
 *   new Vgg({ key, stacks: [[64, 2], [128, 2], [256, 4], [512, 4], [512, 4]].map(([width, convolutions]) =>
 *     ({ width, convolutions })), spatial: 7, hidden: 4096, classes: 1000 });
 *
 * Source: models/resnet/vgg.ts. Papers: Simonyan and Zisserman 2015; Kolesnikov et al. 2019.
 */
export class Vgg {
  readonly [stack: `block${number}`]: Sequential;
  readonly fc6: NormedConv;
  readonly fc7: NormedConv;
  readonly logits: Conv2d;

  constructor({ key, stacks, spatial, hidden, classes, channels = 3 }: VggOptions) {
    const next = keyStream(key);
    let inChannels = channels;
    const made = stacks.map(({ width, convolutions }, i) => {
      const stack = Array.from({ length: convolutions }, () => {
        const conv = new NormedConv(next(), inChannels, width, 3, 1);
        inChannels = width;
        return conv;
      });
      return [`block${i + 1}`, new Sequential(stack)];
    });
    Object.assign(this, Object.fromEntries(made));
    this.fc6 = new NormedConv(next(), inChannels, hidden, spatial, 0);
    this.fc7 = new NormedConv(next(), hidden, hidden, 1, 0);
    this.logits = new Conv2d({ key: next(), inChannels: hidden, outChannels: classes, kernelSize: 1 });
  }

  /** Images `f32[B, C, H, W]` to logits `f32[B, classes]` and the results of all stacks. */
  forward(images: Tensor, mode: Mode = evalMode): Tapped {
    const taps: Record<string, Tensor> = {};
    let x = images;
    for (let i = 1; this[`block${i}`]; i++) {
      x = maxPool2d((this[`block${i}`] as Sequential).forward(x, mode), { kernelSize: 2, stride: 2 });
      taps[`block${i}`] = x;
    }
    const hidden = this.fc7.forward(this.fc6.forward(x, mode), mode);
    const means = hidden.mean({ axis: [2, 3], keepDims: true });
    taps.pre_logits = means.flatten(1);
    return { logits: this.logits.forward(means).flatten(1), taps };
  }
}
