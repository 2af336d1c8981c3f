import { checkpoint, concat, type Tensor, zeros } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { LayerNorm } from "../nn/norm.ts";
import { Block, EPS } from "./block.ts";
import { tokenNormal } from "./init.ts";
import { PatchEmbed } from "./patch-embed.ts";
import { type PositionRule, resamplePositions } from "./positions.ts";

export interface VisionTransformerOptions {
  /** Randomness of the starting weights. */
  readonly key: Tensor;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Side of a patch, in pixels. */
  readonly patch: number;
  /** Side of the images that the positions are stored for, in pixels. Default 224. */
  readonly imageSize?: number;
  /** Default 3. */
  readonly channels?: number;
  /** Width of the MLP's inner layer over that of the model. Default 4. */
  readonly mlpRatio?: number;
  /** Whether a learned token stands before the patches. Default true. */
  readonly classToken?: boolean;
  /** Whether there is a layer norm behind the last block. Default true. */
  readonly finalNorm?: boolean;
  /** Probability that a sample skips a branch of the last block in training; it rises from 0 block by block. Default 0. */
  readonly dropPath?: number;
  /** Default "dino". */
  readonly positions?: PositionRule;
}

export interface RunOptions {
  /** So many of the first blocks are computed again in the backward pass in place of keeping what is inside. Default 0. */
  readonly recompute?: number;
}

/**
 * Vision transformer, with or without class token and final norm, for images of any size.
 *
 * Tensors are named as in the published checkpoints of DINO (`blocks.0.attn.qkv.weight`).
 *
 * @throws {RangeError} If the width does not fall into heads, or a patch does not fit into the image size.
 *
 * @example
 *   const model = new VisionTransformer({ key: key(0), ...vits.tiny, patch: 16 });
 *   const tokens = model.forward(images);            // [B, 3, 224, 224] to [B, 197, 192]
 *
 * Source: models/vit/vit.ts. Papers: Dosovitskiy et al. 2021; Caron et al. 2021 (DINO).
 */
export class VisionTransformer implements Module {
  readonly cls_token: Tensor | null;
  readonly pos_embed: Tensor;
  readonly patch_embed: PatchEmbed;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm | null;
  readonly positions: PositionRule;

  constructor(options: VisionTransformerOptions) {
    const { width, depth, heads, patch, imageSize = 224, channels = 3, mlpRatio = 4 } = options;
    const { classToken = true, finalNorm = true, dropPath = 0, positions = "dino" } = options;
    const side = Math.floor(imageSize / patch);
    if (!(side >= 1))
      throw new RangeError(
        `VisionTransformer: no patch of ${patch} fits into ${imageSize} pixels; try a smaller one`,
      );
    const next = keyStream(options.key);
    this.cls_token = classToken ? tokenNormal(next(), [1, 1, width]) : null;
    this.pos_embed = tokenNormal(next(), [1, side * side + (classToken ? 1 : 0), width]);
    this.patch_embed = new PatchEmbed({ key: next(), channels, width, patch });
    this.blocks = Array.from(
      { length: depth },
      (_, i) => new Block({ key: next(), width, heads, mlpRatio, dropPath: rateOf(i, depth, dropPath) }),
    );
    this.norm = finalNorm ? new LayerNorm({ shape: width, eps: EPS }) : null;
    this.positions = positions;
  }

  get width(): number {
    return this.pos_embed.shape[2] as number;
  }

  /** How many tokens stand before the patches: 1 or 0. */
  get extraTokens(): number {
    return this.cls_token ? 1 : 0;
  }

  /** Tokens of images after the last block and the norm: `f32[B, C, H, W]` to `f32[B, N, width]`. */
  forward(images: Tensor, mode: Mode = evalMode, options: RunOptions = {}): Tensor {
    return this.normed(this.blockOutputs(images, mode, options).at(-1) as Tensor);
  }

  /**
   * The first token of `forward` alone, `f32[B, width]`: the class token, if there is one. In the last block no other
   * token asks anything, nor goes through the MLP.
   */
  firstToken(images: Tensor, mode: Mode = evalMode, { recompute = 0 }: RunOptions = {}): Tensor {
    const last = this.blocks.at(-1);
    let x = this.tokens(images);
    this.blocks.forEach((block, i) => {
      const run = (y: Tensor) => (block === last ? block.first(y, mode) : block.forward(y, mode));
      x = (i < recompute ? checkpoint(run) : run)(x);
    });
    return this.normed(x.slice(null, 0));
  }

  /** Patches with the class token and the positions, as the first block sees them: `f32[B, N, width]`. */
  tokens(images: Tensor): Tensor {
    const grid = this.patch_embed.grid(images);
    const patches = this.patch_embed.forward(images);
    const positions = this.positionsFor(grid, images.shape[2] === images.shape[3]);
    if (!this.cls_token) return patches.add(positions);
    const first = this.cls_token.add(zeros([patches.shape[0] as number, 1, 1]));
    return concat([first, patches], { axis: 1 }).add(positions);
  }

  /** What comes out of each block, before the norm; `f32[B, N, width]` each. With no block, the tokens. */
  blockOutputs(images: Tensor, mode: Mode = evalMode, { recompute = 0 }: RunOptions = {}): Tensor[] {
    const outputs: Tensor[] = [];
    let x = this.tokens(images);
    this.blocks.forEach((block, i) => {
      const run = (y: Tensor) => block.forward(y, mode);
      x = (i < recompute ? checkpoint(run) : run)(x);
      outputs.push(x);
    });
    return outputs.length > 0 ? outputs : [x];
  }

  /** The outputs of the last `n` blocks, each behind the final norm; the first of these first. */
  intermediate(images: Tensor, n: number): Tensor[] {
    return this.blockOutputs(images)
      .slice(-n)
      .map((x) => this.normed(x));
  }

  /** The attention map of a block, by default the last: `f32[B, heads, N, N]`. */
  attention(images: Tensor, at = this.blocks.length - 1): Tensor {
    const block = this.blocks[at];
    if (!block)
      throw new RangeError(`VisionTransformer: there is no block ${at}; need 0 to ${this.blocks.length - 1}`);
    let x = this.tokens(images);
    for (const before of this.blocks.slice(0, at)) x = before.forward(x);
    return block.attention(x);
  }

  private normed(x: Tensor): Tensor {
    return this.norm ? this.norm.forward(x) : x;
  }

  /** The stored positions, or what they are on another grid. A square grid from an image that is not counts as another. */
  private positionsFor(grid: readonly [number, number], square: boolean): Tensor {
    const { pos_embed, extraTokens } = this;
    const stored = (pos_embed.shape[1] as number) - extraTokens;
    if (square && grid[0] * grid[1] === stored) return pos_embed;
    const patches = pos_embed.slice(null, [extraTokens]);
    const resampled = resamplePositions(patches, grid, this.positions);
    if (extraTokens === 0) return resampled;
    return concat([pos_embed.slice(null, [0, extraTokens]), resampled], { axis: 1 });
  }
}

/** From 0 for the first block to `last` for the last. */
export const rateOf = (block: number, depth: number, last: number): number =>
  depth > 1 ? (last * block) / (depth - 1) : 0;
