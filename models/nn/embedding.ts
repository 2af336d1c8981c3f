import { embedding, normal, type Tensor } from "../../mod.ts";
import type { Module } from "./module.ts";

/** A row of `weight` for each index: `i32[...]` to `f32[..., width]`. */
export class Embedding implements Module {
  readonly weight: Tensor;

  constructor({ key, count, width }: { key: Tensor; count: number; width: number }) {
    this.weight = normal(key, [count, width]);
  }

  forward(indices: Tensor): Tensor {
    return embedding(indices, this.weight);
  }
}
