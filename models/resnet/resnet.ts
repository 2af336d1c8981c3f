import { relu, type Tensor } from "../../mod.ts";
import { globalAvgPool, maxPool2d } from "../../vision.ts";
import type { Conv2d } from "../nn/conv.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear } from "../nn/linear.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { BatchNorm } from "../nn/norm.ts";
import { Sequential } from "../nn/sequential.ts";
import { blockKinds, heConv } from "./blocks.ts";

export interface ResNetStage {
  readonly planes: number;
  readonly blocks: number;
  /** Of its first block. */
  readonly stride: number;
}

export interface ResNetShape {
  readonly block: keyof typeof blockKinds;
  /** The first convolution, and whether a 3x3 maximum with stride 2 follows. */
  readonly stem: {
    readonly width: number;
    readonly kernelSize: number;
    readonly stride: number;
    readonly pool: boolean;
  };
  readonly stages: readonly ResNetStage[];
  /** Groups of `seResNext` blocks. Default 1. */
  readonly groups?: number;
  /** By how much their squeeze-and-excitation narrows. Default 16. */
  readonly reduction?: number;
}

export interface ResNetOptions extends ResNetShape {
  readonly key: Tensor;
  /** Of the images. Default 3. */
  readonly channels?: number;
  /** Outputs of the last layer; without it the network ends with the means over all positions. */
  readonly classes?: number;
}

const imageNetStem = { width: 64, kernelSize: 7, stride: 2, pool: true };
const smallStem = { width: 64, kernelSize: 3, stride: 1, pool: false };

const stages = (blocks: readonly number[]): ResNetStage[] =>
  blocks.map((count, i) => ({ planes: 64 * 2 ** i, blocks: count, stride: i === 0 ? 1 : 2 }));

/** Networks by name; "Small" ones have a first convolution that keeps the resolution, for images of about 32 pixels. */
export const resNets = {
  resnet18: { block: "basic", stem: imageNetStem, stages: stages([2, 2, 2, 2]) },
  resnet34: { block: "basic", stem: imageNetStem, stages: stages([3, 4, 6, 3]) },
  resnet50: { block: "bottleneck", stem: imageNetStem, stages: stages([3, 4, 6, 3]) },
  resnet18Small: { block: "basic", stem: smallStem, stages: stages([2, 2, 2, 2]) },
  resnet50Small: { block: "bottleneck", stem: smallStem, stages: stages([3, 4, 6, 3]) },
} as const satisfies Record<string, ResNetShape>;

export type ResNetName = keyof typeof resNets;

/**
 * A residual network on images, with the names of torchvision's (`conv1.weight`, `layer2.0.downsample.1.running_var`,
 * `fc.bias`), so that its weight files load as they are.
 *
 * @example
 *   const model = new ResNet({ ...resNets.resnet18, key: key(0), classes: 1000 });
 *   const logits = model.forward(images);            // [B, 3, H, W] to [B, 1000]
 *
 * Source: models/resnet/resnet.ts. Paper: He et al. 2016.
 */
export class ResNet implements Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly [stage: `layer${number}`]: Sequential;
  readonly fc: Linear | null;
  readonly pool: boolean;
  /** Channels of the last stage. */
  readonly width: number;

  constructor(options: ResNetOptions) {
    const { stem, stages, groups = 1, reduction = 16, channels = 3, classes } = options;
    const { expansion, make } = blockKinds[options.block];
    const next = keyStream(options.key);
    const { width, kernelSize, stride } = stem;
    this.conv1 = heConv({
      key: next(),
      inChannels: channels,
      outChannels: width,
      kernelSize,
      stride,
      padding: (kernelSize - 1) / 2,
    });
    this.bn1 = new BatchNorm({ channels: width });
    this.pool = stem.pool;
    let inChannels = width;
    const layers = stages.map(({ planes, blocks, stride }) => {
      const layer: Module[] = [];
      for (let i = 0; i < blocks; i++) {
        layer.push(
          make({ key: next(), inChannels, planes, stride: i === 0 ? stride : 1, groups, reduction }),
        );
        inChannels = expansion * planes;
      }
      return new Sequential(layer);
    });
    Object.assign(this, Object.fromEntries(layers.map((layer, i) => [`layer${i + 1}`, layer])));
    this.width = inChannels;
    this.fc =
      classes === undefined
        ? null
        : new Linear({ key: next(), inFeatures: inChannels, outFeatures: classes });
  }

  /** Images `f32[B, C, H, W]` to `f32[B, classes]`, or `f32[B, width]` where there are no classes. */
  forward(images: Tensor, mode: Mode = evalMode): Tensor {
    const means = globalAvgPool(this.maps(images, mode));
    return this.fc ? this.fc.forward(means) : means;
  }

  /** The maps of the last stage, `f32[B, width, h, w]`. */
  maps(images: Tensor, mode: Mode = evalMode): Tensor {
    let x = relu(this.bn1.forward(this.conv1.forward(images), mode));
    if (this.pool) x = maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 });
    for (let i = 1; this[`layer${i}`]; i++) x = (this[`layer${i}`] as Sequential).forward(x, mode);
    return x;
  }
}
