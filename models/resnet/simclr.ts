import { relu, type Tensor } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear } from "../nn/linear.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import { ResNet, type ResNetShape, resNets } from "./resnet.ts";

export interface SimClrOptions {
  /** Randomness of the starting weights. */
  readonly key: Tensor;
  /** Default: that of `resnet18`. */
  readonly network?: ResNetShape;
  /** Colour channels of the images. Default 3. */
  readonly channels?: number;
  /** Width of the projection head's inner layer. Default: that of h. */
  readonly hidden?: number;
  /** Width of the projection. Default 128. */
  readonly out?: number;
}

/**
 * SimCLR: a residual network and a projection head, the baseline that ScatSimCLR is compared with.
 *
 * @example
 *   const model = new SimClr({ key: key(0), network: resNets.resnet50 });
 *   const { h, z } = model.forward(images);          // [B, 3, H, W] to [B, 2048] and [B, 128]
 *
 * Source: models/resnet/simclr.ts. Paper: Chen et al. 2020.
 */
export class SimClr {
  readonly backbone: ResNet;
  readonly l1: Linear;
  readonly l2: Linear;

  constructor(options: SimClrOptions) {
    const { network = resNets.resnet18, channels = 3, out = 128 } = options;
    const next = keyStream(options.key);
    this.backbone = new ResNet({ ...network, channels, key: next() });
    const { width } = this.backbone;
    const hidden = options.hidden ?? width;
    this.l1 = new Linear({ key: next(), inFeatures: width, outFeatures: hidden });
    this.l2 = new Linear({ key: next(), inFeatures: hidden, outFeatures: out });
  }

  /** Width of h. */
  get width(): number {
    return this.backbone.width;
  }

  /** Nothing comes before the learned part: images are its features. */
  scatter(images: Tensor): Tensor {
    return images;
  }

  /** Images `f32[B, C, H, W]` to representations `f32[B, width]` and projections `f32[B, out]`. */
  encode(images: Tensor, mode: Mode = evalMode): { readonly h: Tensor; readonly z: Tensor } {
    const h = this.backbone.forward(images, mode);
    return { h, z: this.l2.forward(relu(this.l1.forward(h))) };
  }

  forward(images: Tensor, mode: Mode = evalMode): { readonly h: Tensor; readonly z: Tensor } {
    return this.encode(images, mode);
  }
}
