import { concat, type Tensor } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { LayerNorm } from "../nn/norm.ts";
import { EPS } from "../vit/block.ts";
import { tokenNormal } from "../vit/init.ts";
import { ClassBlock, type KeysValues } from "./class-attention.ts";
import { type PatchGrid, rowsOfNeighbours, similarNeighbours } from "./neighbours.ts";

export interface AggregationOptions {
  key: Tensor;
  width: number;
  heads: number;
  /** Default 2. */
  depth?: number;
}

/**
 * SelfPatch's aggregation module: a learned query that sums up patches by class attention.
 *
 * Tensors are named as in the published checkpoints (`cls_blocks.0.attn.q.weight`).
 *
 * Source: models/selfpatch/aggregation.ts. Papers: Yun et al. 2022; Touvron et al. 2021 (CaiT).
 */
export class Aggregation {
  readonly cls_token: Tensor;
  readonly cls_blocks: readonly ClassBlock[];
  readonly norm: LayerNorm;

  constructor({ key, width, heads, depth = 2 }: AggregationOptions) {
    const next = keyStream(key);
    this.cls_token = tokenNormal(next(), [1, 1, width]);
    this.cls_blocks = Array.from({ length: depth }, () => new ClassBlock({ key: next(), width, heads }));
    this.norm = new LayerNorm({ shape: width, eps: EPS });
  }

  /** The student's rows: the summary of all patches, then the patches. `f32[B, N, D]` to `f32[B, 1 + N, D]`. */
  student(patches: Tensor): Tensor {
    return this.norm.forward(concat([this.summary(patches), patches], { axis: 1 }));
  }

  /**
   * The teacher's rows: the summary of all patches, then for each patch that of the k patches around it that resemble it
   * most. `f32[B, N, D]` to `f32[B, 1 + N, D]`.
   *
   * @param grid Rows and columns of the patches. Default: a square.
   */
  teacher(patches: Tensor, k = 4, grid?: PatchGrid): Tensor {
    const { index } = similarNeighbours(patches, k, grid);
    return this.norm.forward(concat([this.summary(patches), this.local(patches, index)], { axis: 1 }));
  }

  /** The summary of all patches before the norm, `f32[B, 1, D]`. */
  summary(patches: Tensor): Tensor {
    return this.run(this.cls_blocks.map((block) => block.keysValues(patches)));
  }

  /** The summary of some patches for each patch, before the norm: places `i32[B, N, k]`, result `f32[B, N, D]`. */
  local(patches: Tensor, index: Tensor): Tensor {
    return this.run(this.nearby(patches, index)).reshape(patches.shape);
  }

  /** The maps of all blocks for the summary of all patches, `f32[B, heads, 1, 1 + N]` each. */
  attention(patches: Tensor): Tensor[] {
    return this.maps(this.cls_blocks.map((block) => block.keysValues(patches)));
  }

  /** The maps of all blocks for the summaries of neighbours, `f32[B * N, heads, 1, 1 + k]` each. */
  localAttention(patches: Tensor, index: Tensor): Tensor[] {
    return this.maps(this.nearby(patches, index));
  }

  /** Keys and values of the neighbours of each patch. They are worked out once for each patch, not for each pair. */
  private nearby(patches: Tensor, index: Tensor): KeysValues[] {
    const [batch = 0, count = 0, width = 0] = patches.shape;
    const of = (rows: Tensor) =>
      rowsOfNeighbours(rows, index).reshape([batch * count, index.shape[2] as number, width]);
    return this.cls_blocks.map((block) => {
      const { keys, values } = block.keysValues(patches);
      return { keys: of(keys), values: of(values) };
    });
  }

  private run(patches: readonly KeysValues[]): Tensor {
    return this.cls_blocks.reduce(
      (query, block, i) => block.forward(query, patches[i] as KeysValues),
      this.query(patches),
    );
  }

  private maps(patches: readonly KeysValues[]): Tensor[] {
    let query = this.query(patches);
    return this.cls_blocks.map((block, i) => {
      const seen = patches[i] as KeysValues;
      const map = block.attention(query, seen);
      query = block.forward(query, seen);
      return map;
    });
  }

  /** The learned query, once for each group of patches. */
  private query([first]: readonly KeysValues[]): Tensor {
    const [groups = 0, , width = 0] = (first as KeysValues).keys.shape;
    return this.cls_token.broadcastTo([groups, 1, width]);
  }
}
