import { gelu, matmul, normalize, ones, type Tensor } from "../../mod.ts";
import { Apply } from "../nn/activation.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear, type LinearOptions, WeightNormLinear } from "../nn/linear.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { BatchNorm } from "../nn/norm.ts";
import { Sequential } from "../nn/sequential.ts";
import { tokenNormal } from "../vit/init.ts";

export interface DinoHeadOptions {
  key: Tensor;
  /** Width of the representation. */
  inFeatures: number;
  /** Number of prototypes, K. Default 65536. */
  out?: number;
  /** Width of the inner layers. Default 2048. */
  hidden?: number;
  /** Width d of the unit vectors that are compared with the prototypes. Default 256. */
  bottleneck?: number;
  /** Whether batch norms follow the inner layers. Default false. */
  batchNorm?: boolean;
}

/**
 * Scores of K prototypes for each of R rows: all of them, `f32[R, K]`, or vectors `f32[R, d]` and prototypes `f32[K, d]`
 * whose products they are, for losses that never hold all of them in memory.
 */
export type HeadScores = Tensor | { readonly vectors: Tensor; readonly weight: Tensor };

/** Prototypes up to which their scores are held in memory. */
const MANY = 1024;

/**
 * The head of DINO, SelfPatch and EsViT: an MLP, vectors of unit length, and their scores with prototypes of learned
 * direction.
 *
 * Tensors are named as in the published checkpoints (`mlp.0.weight`, `last_layer.weight_v`). The lengths `weight_g` of the
 * prototypes start at 1; whoever wants them fixed leaves them out of training.
 *
 * Source: models/heads/dino-head.ts. Paper: Caron et al. 2021, appendix C.
 */
export class DinoHead implements Module {
  readonly mlp: Sequential;
  readonly last_layer: PrototypeLayer;

  constructor(options: DinoHeadOptions) {
    const { inFeatures, out = 65536, hidden = 2048, bottleneck = 256, batchNorm = false } = options;
    const next = keyStream(options.key);
    const linear = (from: number, to: number) =>
      new Linear({ key: next(), inFeatures: from, outFeatures: to, init: tokenNormal });
    const inner = (from: number): Module[] => [
      linear(from, hidden),
      ...(batchNorm ? [new BatchNorm({ channels: hidden })] : []),
      new Apply(exactGelu),
    ];
    this.mlp = new Sequential([...inner(inFeatures), ...inner(hidden), linear(hidden, bottleneck)]);
    this.last_layer = new PrototypeLayer({ key: next(), inFeatures: bottleneck, outFeatures: out });
  }

  /** How many there are, K. */
  get prototypes(): number {
    return this.last_layer.weight_v.shape[0] as number;
  }

  /** Scores of all prototypes: `f32[R, inFeatures]` to `f32[R, K]`. */
  forward(x: Tensor, mode: Mode = evalMode): Tensor {
    return this.last_layer.forward(this.vectors(x, mode));
  }

  /** What is compared with the prototypes: `f32[R, inFeatures]` to unit vectors `f32[R, d]`. */
  vectors(x: Tensor, mode: Mode = evalMode): Tensor {
    return normalize(this.mlp.forward(x, mode), { axis: -1, eps: 1e-12 });
  }

  /** The scores for a loss: as they are, or with many prototypes as the factors of their product. */
  scores(x: Tensor, mode: Mode = evalMode): HeadScores {
    const weight = this.last_layer.weight();
    const vectors = this.vectors(x, mode);
    return (weight.shape[0] as number) > MANY ? { vectors, weight } : matmul(vectors, weight.transpose());
  }
}

const exactGelu = (x: Tensor): Tensor => gelu(x);

/** Rows of length 1 to start with. */
class PrototypeLayer extends WeightNormLinear {
  override readonly weight_g: Tensor;

  constructor(options: LinearOptions) {
    super({ ...options, bias: false });
    this.weight_g = ones([options.outFeatures, 1]);
  }
}
