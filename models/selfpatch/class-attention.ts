import { concat, scaledDotProductAttention, type Tensor } from "../../mod.ts";
import { keyStream } from "../nn/keys.ts";
import { Linear } from "../nn/linear.ts";
import { LayerNorm } from "../nn/norm.ts";
import { checkHeads, joinHeads, splitHeads } from "../vit/attention.ts";
import { EPS } from "../vit/block.ts";
import { tokenNormal } from "../vit/init.ts";
import { Mlp } from "../vit/mlp.ts";

/** Keys and values of patches, `f32[..., M, D]` each. */
export interface KeysValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

interface Sizes {
  key: Tensor;
  width: number;
  heads: number;
}

/** One query that attends to itself and to patches, with a linear layer each for queries, keys and values. */
export class ClassAttention {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly proj: Linear;
  readonly heads: number;

  constructor({ key, width, heads }: Sizes) {
    checkHeads(width, heads);
    const next = keyStream(key);
    const linear = () =>
      new Linear({ key: next(), inFeatures: width, outFeatures: width, init: tokenNormal });
    this.q = linear();
    this.k = linear();
    this.v = linear();
    this.proj = linear();
    this.heads = heads;
  }

  /** `query` is `f32[G, 1, D]`, behind the norm; the result too. */
  forward(query: Tensor, patches: KeysValues): Tensor {
    return this.proj.forward(joinHeads(scaledDotProductAttention(...this.operands(query, patches))));
  }

  /** `f32[G, heads, 1, 1 + M]` */
  weights(query: Tensor, patches: KeysValues): Tensor {
    return scaledDotProductAttention(...this.operands(query, patches), { weights: true }).weights;
  }

  private operands(query: Tensor, { keys, values }: KeysValues): [Tensor, Tensor, Tensor] {
    const all = [
      this.q.forward(query),
      concat([this.k.forward(query), keys], { axis: 1 }),
      concat([this.v.forward(query), values], { axis: 1 }),
    ];
    return all.map((x) => splitHeads(x, this.heads)) as [Tensor, Tensor, Tensor];
  }
}

/** Class attention and an MLP, which change the query alone. */
export class ClassBlock {
  readonly norm1: LayerNorm;
  readonly attn: ClassAttention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor({ key, width, heads }: Sizes) {
    const next = keyStream(key);
    this.norm1 = new LayerNorm({ shape: width, eps: EPS });
    this.attn = new ClassAttention({ key: next(), width, heads });
    this.norm2 = new LayerNorm({ shape: width, eps: EPS });
    this.mlp = new Mlp({ key: next(), width, hidden: 4 * width });
  }

  /** What the query looks at; it depends on the patches alone. */
  keysValues(patches: Tensor): KeysValues {
    const normed = this.norm1.forward(patches);
    return { keys: this.attn.k.forward(normed), values: this.attn.v.forward(normed) };
  }

  /** The next query, `f32[G, 1, D]`. */
  forward(query: Tensor, patches: KeysValues): Tensor {
    const mixed = query.add(this.attn.forward(this.norm1.forward(query), patches));
    return mixed.add(this.mlp.forward(this.norm2.forward(mixed)));
  }

  /** How much the query takes from itself and from each patch: `f32[G, heads, 1, 1 + M]`. */
  attention(query: Tensor, patches: KeysValues): Tensor {
    return this.attn.weights(this.norm1.forward(query), patches);
  }
}
