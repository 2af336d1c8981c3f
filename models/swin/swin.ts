import { checkpoint, concat, type Tensor } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { evalMode, type Mode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { LayerNorm } from "../nn/norm.ts";
import { EPS } from "../vit/block.ts";
import { PatchEmbed } from "../vit/patch-embed.ts";
import { type RunOptions, rateOf } from "../vit/vit.ts";
import { SwinBlock } from "./block.ts";
import { PatchMerging } from "./merging.ts";

export interface SwinTransformerOptions {
  /** Randomness of the starting weights. */
  readonly key: Tensor;
  /** Width of the first stage; each stage doubles it. */
  readonly width: number;
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  /** Heads of each stage. */
  readonly heads: readonly number[];
  /** Tokens along a side of a window. Default 7. */
  readonly window?: number;
  /** Side of a patch, in pixels. Default 4. */
  readonly patch?: number;
  /** Side of the images that windows are laid out for, in pixels. Default 224. */
  readonly imageSize?: number;
  /** Default 3. */
  readonly channels?: number;
  /** Default 4. */
  readonly mlpRatio?: number;
  /** Probability that a sample skips a branch of the last block in training; it rises from 0 block by block. Default 0. */
  readonly dropPath?: number;
  /** Added to the variance by all layer norms. Default 1e-6, as in EsViT's code; weights of other origin want 1e-5. */
  readonly eps?: number;
}

/** Blocks on grids of one size, and the merging that leads to the next. */
export interface SwinStage {
  readonly blocks: readonly SwinBlock[];
  readonly downsample: PatchMerging | null;
}

/**
 * Swin transformer in EsViT's variant: no absolute positions, images of any square size.
 *
 * Windows and shifts are fixed by the size that the model is made for: a stage whose grid is no larger than the window
 * has one window and no shift, also for images of other sizes. Tensors are named as in EsViT's checkpoints
 * (`layers.0.blocks.1.attn.relative_position_bias_table`).
 *
 * @throws {RangeError} If depths and heads differ in number, a width does not fall into heads, or patches and stages are
 *   too large and many for the image size. `forward`: if patches do not form a square.
 *
 * @example
 *   const model = new SwinTransformer({ key: key(0), ...swins.tiny });
 *   const regions = model.forward(images);           // [B, 3, 224, 224] to [B, 49, 768]
 *
 * Source: models/swin/swin.ts. Papers: Liu et al. 2021; Li et al. 2022 (EsViT).
 */
export class SwinTransformer implements Module {
  readonly patch_embed: NormedPatchEmbed;
  readonly layers: readonly SwinStage[];
  readonly norm: LayerNorm;

  constructor(options: SwinTransformerOptions) {
    const { width, depths, heads, window = 7, patch = 4, imageSize = 224, channels = 3 } = options;
    const { mlpRatio = 4, dropPath = 0, eps = EPS } = options;
    if (depths.length !== heads.length || depths.length === 0) {
      throw new RangeError(
        `SwinTransformer: ${depths.length} depths and ${heads.length} numbers of heads; need one of each a stage`,
      );
    }
    const next = keyStream(options.key);
    const total = depths.reduce((a, b) => a + b, 0);
    let made = 0;
    this.patch_embed = new NormedPatchEmbed({ key: next(), channels, width, patch, eps });
    this.layers = depths.map((depth, stage): SwinStage => {
      const side = Math.floor(Math.floor(imageSize / patch) / 2 ** stage);
      if (side < 1) {
        throw new RangeError(
          `SwinTransformer: nothing is left of ${imageSize} pixels for stage ${stage + 1}; try fewer stages or smaller patches`,
        );
      }
      const w = Math.min(window, side);
      const shift = side > window ? Math.floor(window / 2) : 0;
      const stageWidth = width * 2 ** stage;
      const blocks = Array.from({ length: depth }, (_, i) => {
        const rate = rateOf(made++, total, dropPath);
        const windowing = { window: w, shift: i % 2 === 0 ? 0 : shift };
        const sizes = { width: stageWidth, heads: heads[stage] as number, mlpRatio };
        return new SwinBlock({ key: next(), ...sizes, ...windowing, dropPath: rate, eps });
      });
      const isLast = stage === depths.length - 1;
      return {
        blocks,
        downsample: isLast ? null : new PatchMerging({ key: next(), width: stageWidth, eps }),
      };
    });
    this.norm = new LayerNorm({ shape: width * 2 ** (depths.length - 1), eps });
  }

  /** Width of the last stage. */
  get width(): number {
    return this.norm.shape[0] as number;
  }

  /** Region tokens behind the final norm: `f32[B, C, H, H]` to `f32[B, T, width]`. */
  forward(images: Tensor, mode: Mode = evalMode, options: RunOptions = {}): Tensor {
    return this.norm.forward(this.blockOutputs(images, mode, options).at(-1) as Tensor);
  }

  /** The mean of the region tokens, `f32[B, width]`. */
  view(images: Tensor, mode: Mode = evalMode): Tensor {
    return this.forward(images, mode).mean({ axis: 1 });
  }

  /** What comes out of each block of all stages, before merging and norm. */
  blockOutputs(images: Tensor, mode: Mode = evalMode, { recompute = 0 }: RunOptions = {}): Tensor[] {
    const outputs: Tensor[] = [];
    let x = this.patch_embed.forward(images);
    for (const { blocks, downsample } of this.layers) {
      for (const block of blocks) {
        const run = (y: Tensor) => block.forward(y, mode);
        x = (outputs.length < recompute ? checkpoint(run) : run)(x);
        outputs.push(x);
      }
      if (downsample) x = downsample.forward(x);
    }
    return outputs;
  }

  /**
   * Token means of the last `n` blocks side by side, the first of these first: the linear probe's features. Those of
   * the last stage are taken behind the final norm, the others as they are.
   */
  features(images: Tensor, n = 4): Tensor {
    const outputs = this.blockOutputs(images);
    const normed = outputs.length - (this.layers.at(-1) as SwinStage).blocks.length;
    const means = outputs.map((x, i) => (i < normed ? x : this.norm.forward(x)).mean({ axis: 1 }));
    return concat(means.slice(-n), { axis: -1 });
  }

  /** The attention maps of a block, counted over all stages and by default the last: `f32[B, windows, heads, w * w, w * w]`. */
  attention(images: Tensor, at?: number): Tensor {
    const inputs: (readonly [SwinBlock, Tensor])[] = [];
    let x = this.patch_embed.forward(images);
    for (const { blocks, downsample } of this.layers) {
      for (const block of blocks) {
        inputs.push([block, x]);
        x = block.forward(x);
      }
      if (downsample) x = downsample.forward(x);
    }
    const found = at === undefined ? inputs.at(-1) : inputs[at];
    if (!found)
      throw new RangeError(`SwinTransformer: there is no block ${at}; need 0 to ${inputs.length - 1}`);
    return found[0].attention(found[1]);
  }
}

/** Patches behind a layer norm. */
class NormedPatchEmbed extends PatchEmbed {
  readonly norm: LayerNorm;

  constructor({ eps, ...options }: ConstructorParameters<typeof PatchEmbed>[0] & { eps: number }) {
    super(options);
    this.norm = new LayerNorm({ shape: options.width, eps });
  }

  override forward(images: Tensor): Tensor {
    const [rows, columns] = this.grid(images);
    // Later stages know the number of tokens alone, and would take 4 x 16 of them for 8 x 8.
    if (rows !== columns) {
      throw new RangeError(`Swin: ${rows} x ${columns} patches form no square grid; try square images`);
    }
    return this.norm.forward(super.forward(images));
  }
}
