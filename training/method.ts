import type { Tensor } from "../mod.ts";

/**
 * A way of learning from unlabelled images: a model, the views it sees, a loss and an optimiser. `S` is the whole
 * training state, a tree of tensors; what is not in it does not change.
 */
export interface Method<S> {
  readonly name: string;
  /** The state before the first step. */
  start(key: Tensor): S;
  /**
   * One step on images `f32[B, C, H, W]`, 0 to 1. A pure function of tensors: it is compiled.
   *
   * @param rate Learning rate of this step, `f32[]`.
   */
  step(state: S, images: Tensor, rate: Tensor): { readonly state: S; readonly loss: Tensor };
}
