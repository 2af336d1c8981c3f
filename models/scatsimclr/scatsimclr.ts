import { relu, ShapeError, type Tensor } from "../../mod.ts";
import { adaptiveAvgPool2d } from "../../vision.ts";
import { Apply, ReLU } from "../nn/activation.ts";
import { Conv2d } from "../nn/conv.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear } from "../nn/linear.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { BatchNorm } from "../nn/norm.ts";
import { Sequential } from "../nn/sequential.ts";
import { type ScatteringOptions, scattering2d } from "../scattering/scattering2d.ts";
import { type Adapter, adapters } from "./presets.ts";
import { ResidualBlock } from "./residual-block.ts";

export interface ScatSimClrOptions {
  /** Randomness of the starting weights. */
  readonly key: Tensor;
  readonly scattering: ScatteringOptions;
  /** Colour channels of the images. Default 3. */
  readonly channels?: number;
  /** Default: that of `scatsimclr8`. */
  readonly adapter?: Adapter;
  /** Width of the projection head's inner layer. Default: that of h. */
  readonly hidden?: number;
  /** Width of the projection. Default 128. */
  readonly out?: number;
  /**
   * Whether the scattering channels go through a batch norm first. Default false: the published code makes one and
   * never applies it.
   */
  readonly normaliseScattering?: boolean;
}

/** What the model makes of a batch. */
export interface Encoded {
  /** The representation, `f32[B, 16 * width]`: what is kept after training. */
  readonly h: Tensor;
  /** The projection, `f32[B, out]`: what the contrastive loss sees. */
  readonly z: Tensor;
}

const POOLED = 4;

/**
 * ScatSimCLR: a fixed scattering transform, a small residual network on its channels, and a projection head.
 *
 * Tensors are named as in the published checkpoints (`_adapter_network.3.0.conv1.weight`, `l1.weight`); those hold more,
 * which `loadPublished` passes over.
 *
 * @example
 *   const model = new ScatSimClr({ key: key(0), scattering: { J: 2, L: 8, shape: [32, 32] }, adapter: adapters.nano });
 *   const { h } = model.forward(images);             // [B, 3, 32, 32] to [B, 1024]
 *
 * Source: models/scatsimclr/scatsimclr.ts. Paper: Kinakh, Taran and Voloshynovskiy 2021.
 */
export class ScatSimClr {
  readonly _scatnet_bn: BatchNorm | null;
  readonly _adapter_network: Sequential;
  readonly l1: Linear;
  readonly l2: Linear;
  readonly scattering: ScatteringOptions;
  /** Colour channels of the images. */
  readonly channels: number;

  constructor(options: ScatSimClrOptions) {
    const { channels = 3, adapter = adapters.scatsimclr8, out = 128 } = options;
    this.scattering = options.scattering;
    this.channels = channels;
    const next = keyStream(options.key);
    const [perColour] = scattering2d(options.scattering).outputShape;
    this._scatnet_bn = options.normaliseScattering ? new BatchNorm({ channels: channels * perColour }) : null;
    this._adapter_network = adapterNetwork(next, channels * perColour, adapter);
    const width = (adapter.stages.at(-1)?.width ?? adapter.stem) * POOLED ** 2;
    const hidden = options.hidden ?? width;
    this.l1 = new Linear({ key: next(), inFeatures: width, outFeatures: hidden });
    this.l2 = new Linear({ key: next(), inFeatures: hidden, outFeatures: out });
  }

  /** Width of h. */
  get width(): number {
    return this.l1.weight.shape[1] as number;
  }

  /** Images `f32[B, C, H, W]` to representations and projections. */
  forward(images: Tensor, mode: Mode = evalMode): Encoded {
    return this.encode(this.scatter(images), mode);
  }

  /**
   * Images `f32[B, C, H, W]` to scattering channels `f32[B, C * K, h, w]`, colour by colour. Images may have another size
   * than the model was made for: the learned part takes maps of any size.
   *
   * @throws {ShapeError} If they are no batch, or have other channels than the model was made for.
   */
  scatter(images: Tensor): Tensor {
    const [count = 0, channels = 0, height = 0, width = 0] = images.shape;
    if (images.rank !== 4 || channels !== this.channels) {
      throw new ShapeError("ScatSimClr", {
        problem: "not a batch of the images that the model was made for",
        got: { images },
        need: `[B, ${this.channels}, H, W]`,
        ...(images.rank === 3 && { hint: "images.unsqueeze(0)" }),
      });
    }
    const transform = scattering2d({ ...this.scattering, shape: [height, width] });
    const [perColour, rows, columns] = transform.outputShape;
    return transform(images).reshape([count, channels * perColour, rows, columns]);
  }

  /** The learned part: scattering channels to representations and projections. */
  encode(features: Tensor, mode: Mode = evalMode): Encoded {
    const given = this._scatnet_bn ? this._scatnet_bn.forward(features, mode) : features;
    const h = this._adapter_network.forward(given, mode).flatten(1);
    return { h, z: this.l2.forward(relu(this.l1.forward(h))) };
  }
}

function adapterNetwork(next: () => Tensor, inChannels: number, { stem, stages }: Adapter): Sequential {
  const layers: Module[] = [
    new Conv2d({ key: next(), inChannels, outChannels: stem, kernelSize: 3, padding: 1, bias: false }),
    new BatchNorm({ channels: stem }),
    new ReLU(),
  ];
  let channels = stem;
  for (const { width, blocks } of stages) {
    const stage: Module[] = [];
    for (let block = 0; block < blocks; block++) {
      stage.push(new ResidualBlock({ key: next(), inChannels: channels, outChannels: width }));
      channels = width;
    }
    layers.push(new Sequential(stage));
  }
  layers.push(new Apply((x) => adaptiveAvgPool2d(x, POOLED)));
  return new Sequential(layers);
}
