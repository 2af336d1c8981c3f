import type { Tensor } from "../../mod.ts";

/** A number that is a constant of the compiled step, or a tensor of rank 0 that may change from step to step. */
export type Value = number | Tensor;

/** How a tensor is treated apart from the others. */
export interface LeafOptions {
  /**
   * Tensors of one group count their steps together; "all" by default. A group that is frozen at first begins its
   * count, and with it the bias correction, when it thaws.
   */
  group?: string;
  /** Factor on the learning rate. Default 1. */
  lrScale?: number;
  /** Instead of the weight decay of the others; 0 for none. */
  weightDecay?: number;
}

export interface OptimiserOptions {
  /** Options of the tensor at a path. By default all tensors are treated alike. */
  groups?: (path: string, leaf: Tensor) => LeafOptions;
}

export interface StepOptions {
  /** Instead of the learning rate that the optimiser was made with. */
  lr?: Value;
  /** Instead of the weight decay that the optimiser was made with. */
  weightDecay?: Value;
  /** Groups that this step leaves as they are, with their state. */
  frozen?: readonly string[];
}

/** What an optimiser remembers: a tree of tensors, part of the training state and of checkpoints. */
export interface OptimiserState {
  /** Steps taken, by group: `f32[]`. */
  readonly step: Readonly<Record<string, Tensor>>;
  /** Running values (moments and the like), by name and then by the path of their parameter. */
  readonly slots: Readonly<Record<string, Readonly<Record<string, Tensor>>>>;
}

/**
 * A pure function from parameters, gradients and state to new parameters and state, over trees.
 *
 * Running statistics (see `isTrainable`) and tensors that are no floats are passed on untouched.
 */
export interface Optimiser {
  init(params: unknown): OptimiserState;
  step<P>(
    params: P,
    grads: P,
    state: OptimiserState,
    options?: StepOptions,
  ): { params: P; state: OptimiserState };
}

/** What makes one optimiser differ from another. `S` holds the numbers that the tensors of a group share. */
export interface Rule<S> {
  readonly name: string;
  /** Names of the running values of each tensor; they start at zero. */
  readonly slots: readonly string[];
  readonly lr: Value;
  readonly weightDecay: Value;
  /** Called once for each kind of tensor, outside the code of the single tensors, so that they can share kernels. */
  share(settings: Settings): S;
  /** The same expression for all tensors: a hundred updates of one form become a few kernels. */
  update(leaf: Update<S>): { param: Tensor; slots: readonly Tensor[] };
}

export interface Settings {
  readonly lr: Value;
  readonly weightDecay: Value;
  /** This step's number, from 1. */
  readonly step: Tensor;
  readonly leaf: LeafOptions;
}

export interface Update<S> {
  readonly param: Tensor;
  readonly grad: Tensor;
  readonly slots: readonly Tensor[];
  readonly shared: S;
}

/** The product, folded where both are numbers. */
export function times(a: Value, b: Value): Value {
  if (typeof a === "number") return typeof b === "number" ? a * b : b.mul(a);
  return b === 1 ? a : a.mul(b);
}
