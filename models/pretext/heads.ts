import { bernoulli, ones, relu, type Tensor } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear } from "../nn/linear.ts";

/** What dropout multiplies the two hidden layers of a head by: 0, or 1 over the part that is kept. */
export interface DropoutMasks {
  /** `f32[rows, width of the first layer]` */
  readonly first: Tensor;
  /** `f32[rows, width of the second layer]` */
  readonly second: Tensor;
}

export interface PretextHeadOptions {
  readonly key: Tensor;
  /** Width of h. */
  readonly inFeatures: number;
  /** Widths of the two hidden layers. */
  readonly hidden?: readonly [number, number];
  readonly classes?: number;
  /** Part of the hidden values that is dropped in training. Default 0.5. */
  readonly dropout?: number;
}

/** A classifier on representations that a model is trained with, and that is thrown away afterwards. */
export interface PretextHead {
  readonly dropout: number;
  /** Draws dropout for so many images. */
  masks(key: Tensor, images: number): DropoutMasks;
  /** Representations `f32[images * parts, width]`, image by image, to logits; without masks nothing is dropped. */
  forward(h: Tensor, masks?: DropoutMasks | null): Tensor;
}

const hiddenLayer = (layer: Linear, x: Tensor, mask: Tensor | undefined): Tensor => {
  const y = relu(layer.forward(x));
  return mask ? y.mul(mask) : y;
};

function drawMasks(
  key: Tensor,
  p: number,
  first: readonly [number, number],
  second: readonly [number, number],
): DropoutMasks {
  const next = keyStream(key);
  const mask = (shape: readonly [number, number]) =>
    p === 0
      ? ones(shape)
      : bernoulli(next(), 1 - p, shape)
          .cast("f32")
          .mul(1 / (1 - p));
  return { first: mask(first), second: mask(second) };
}

/**
 * Tells by how much an image was rotated: `f32[4 B, width]` to logits `f32[4 B, 4]`.
 *
 * Source: models/pretext/heads.ts. Paper: Kinakh, Taran and Voloshynovskiy 2021; Gidaris et al. 2018.
 */
export class RotationHead implements PretextHead {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly cls: Linear;
  readonly dropout: number;

  constructor({ key, inFeatures, hidden = [512, 128], classes = 4, dropout = 0.5 }: PretextHeadOptions) {
    const next = keyStream(key);
    const [wide, narrow] = hidden;
    this.fc1 = new Linear({ key: next(), inFeatures, outFeatures: wide });
    this.fc2 = new Linear({ key: next(), inFeatures: wide, outFeatures: narrow });
    this.cls = new Linear({ key: next(), inFeatures: narrow, outFeatures: classes });
    this.dropout = dropout;
  }

  masks(key: Tensor, images: number): DropoutMasks {
    const rows = images * widthOut(this.cls);
    return drawMasks(key, this.dropout, [rows, widthOut(this.fc1)], [rows, widthOut(this.fc2)]);
  }

  forward(h: Tensor, masks: DropoutMasks | null = null): Tensor {
    const first = hiddenLayer(this.fc1, h, masks?.first);
    return this.cls.forward(hiddenLayer(this.fc2, first, masks?.second));
  }
}

/** Tiles of a puzzle. */
export const TILES = 9;

/**
 * Tells the permutation of nine tiles: `f32[9 B, width]` to logits `f32[B, classes]`. The first layer sees each tile by
 * itself, the second one all of an image in the order of their places.
 *
 * Source: models/pretext/heads.ts. Paper: Kinakh, Taran and Voloshynovskiy 2021; Noroozi and Favaro 2016.
 */
export class JigsawHead implements PretextHead {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly cls: Linear;
  readonly dropout: number;

  constructor({ key, inFeatures, hidden = [512, 4096], classes = 35, dropout = 0.5 }: PretextHeadOptions) {
    const next = keyStream(key);
    const [perTile, together] = hidden;
    this.fc1 = new Linear({ key: next(), inFeatures, outFeatures: perTile });
    this.fc2 = new Linear({ key: next(), inFeatures: TILES * perTile, outFeatures: together });
    this.cls = new Linear({ key: next(), inFeatures: together, outFeatures: classes });
    this.dropout = dropout;
  }

  masks(key: Tensor, images: number): DropoutMasks {
    const first = [images * TILES, widthOut(this.fc1)] as const;
    return drawMasks(key, this.dropout, first, [images, widthOut(this.fc2)]);
  }

  forward(h: Tensor, masks: DropoutMasks | null = null): Tensor {
    const tiles = hiddenLayer(this.fc1, h, masks?.first).reshape([-1, TILES * widthOut(this.fc1)]);
    return this.cls.forward(hiddenLayer(this.fc2, tiles, masks?.second));
  }
}

const widthOut = (layer: Linear): number => layer.weight.shape[0] as number;
