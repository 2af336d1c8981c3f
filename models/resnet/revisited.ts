import { pad, relu, type Tensor } from "../../mod.ts";
import { avgPool2d, globalAvgPool, maxPool2d } from "../../vision.ts";
import { Conv2d } from "../nn/conv.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { BatchNorm } from "../nn/norm.ts";
import { Sequential } from "../nn/sequential.ts";
import {
  convOf,
  PostActivationBlock,
  PreActivationBlock,
  ReversibleBlock,
  tfNorm,
} from "./revisited-blocks.ts";

export interface RevisitedOptions {
  readonly key: Tensor;
  /** "v1": activation after the sum; "v2": before the convolutions; "reversible": blocks that can be run backwards. */
  readonly kind: "v1" | "v2" | "reversible";
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  /** Stride of each stage's first block; in reversible networks the pool in front of it. */
  readonly strides: readonly number[];
  /** Channels behind the first convolution (4 times as many in reversible networks); stage s has `4 width 2^s`. */
  readonly width: number;
  readonly root: { readonly kernelSize: number; readonly stride: number; readonly pool: boolean };
  readonly classes: number;
  /** Of the images. Default 3. */
  readonly channels?: number;
  /** Whether "v2" and "reversible" end with a ReLU. Default true. */
  readonly lastRelu?: boolean;
}

/** What a network makes of a batch; `taps` has the results of its parts, by name. */
export interface Tapped {
  readonly logits: Tensor;
  readonly taps: Readonly<Record<string, Tensor>>;
}

/**
 * The residual networks that "Revisiting self-supervised visual representation learning" compares, with results of all
 * stages. Padding is by zeros throughout, also for the maximum behind the first convolution.
 *
 * Source: models/resnet/revisited.ts. Paper: Kolesnikov, Zhai and Beyer 2019.
 */
export class RevisitedResNet {
  readonly root: { readonly conv: Conv2d; readonly bn: BatchNorm | null };
  readonly [stage: `block${number}`]: Sequential;
  readonly final: { readonly bn: BatchNorm } | null;
  readonly logits: Conv2d;
  readonly pool: boolean;
  /** Strides of the pools between the stages of reversible networks. */
  readonly pools: readonly number[];
  readonly lastRelu: boolean;

  constructor(options: RevisitedOptions) {
    const { kind, blocks, strides, width, root, classes, channels = 3, lastRelu = true } = options;
    const next = keyStream(options.key);
    const rootWidth = kind === "reversible" ? 4 * width : width;
    this.root = {
      conv: convOf(next(), channels, rootWidth, root.kernelSize, root.stride),
      bn: kind === "v1" ? tfNorm(rootWidth) : null,
    };
    this.pool = root.pool;
    this.pools = kind === "reversible" ? strides : [];
    this.lastRelu = lastRelu;
    let inChannels = rootWidth;
    const stages = blocks.map((count, stage) => {
      const outChannels = 4 * width * 2 ** stage;
      const made = Array.from({ length: count }, (_, i) => {
        const key = next();
        const block = { key, inChannels, width: outChannels, stride: i === 0 ? (strides[stage] ?? 1) : 1 };
        inChannels = outChannels;
        if (kind === "reversible") return new ReversibleBlock({ key, channels: outChannels });
        return kind === "v1" ? new PostActivationBlock(block) : new PreActivationBlock(block);
      });
      return [`block${stage + 1}`, new Sequential(made)];
    });
    Object.assign(this, Object.fromEntries(stages));
    this.final = kind === "v1" ? null : { bn: tfNorm(inChannels) };
    this.logits = new Conv2d({ key: next(), inChannels, outChannels: classes, kernelSize: 1 });
  }

  /** Images `f32[B, C, H, W]` to logits `f32[B, classes]` and the results of all parts. */
  forward(images: Tensor, mode: Mode = evalMode): Tapped {
    const taps: Record<string, Tensor> = {};
    let x = this.root.conv.forward(images);
    if (this.root.bn) x = relu(this.root.bn.forward(x, mode));
    if (this.pool) x = maxPool2d(pad(x, { 2: [1, 1], 3: [1, 1] }), { kernelSize: 3, stride: 2 });
    taps.after_root = x;
    for (let i = 1; this[`block${i}`]; i++) {
      if ((this.pools[i - 1] ?? 1) > 1) x = transition(x);
      x = (this[`block${i}`] as Sequential).forward(x, mode);
      taps[`block${i}`] = x;
    }
    if (this.final) {
      const normal = this.final.bn.forward(x, mode);
      x = this.lastRelu ? relu(normal) : normal;
    }
    const means = globalAvgPool(x);
    taps.pre_logits = means;
    return { logits: this.logits.forward(means.unsqueeze([2, 3])).flatten(1), taps };
  }
}

/** Half the size by means, twice the channels by zeros on both sides. */
export function transition(x: Tensor): Tensor {
  const half = Math.floor((x.shape[1] as number) / 2);
  const means = avgPool2d(x, { kernelSize: 2, stride: 2, ceilMode: true, countIncludePad: false });
  return pad(means, { 1: [half, half] });
}
