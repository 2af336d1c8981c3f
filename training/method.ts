import type { Tensor } from "../mod.ts";
import type { Schedule } from "./schedule.ts";

/** How long a run is planned to be: what schedules are made from. */
export interface RunLength {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Of the whole run. */
  readonly steps: number;
  /** Images of a step. */
  readonly batch: number;
}

/** What the schedules give for a step, `f32[]` each, by name; `rate` is the learning rate and always there. */
export interface StepValues {
  readonly rate: Tensor;
  readonly [name: string]: Tensor;
}

/** Numbers about a step, `f32[]` each, that go into its event. `gradientNorm` is watched for numbers that are none. */
export type StepMetrics = Readonly<Record<string, Tensor>>;

export interface StepResult<S> {
  readonly state: S;
  readonly loss: Tensor;
  readonly metrics?: StepMetrics;
}

/**
 * A way of learning from unlabelled images: a model, the views it sees, a loss and an optimiser. `S` is the whole
 * training state, a tree of tensors (teacher, running statistics, centres and random keys among them); what is not in
 * it does not change.
 *
 * Tensors that a method makes outside of `start` and `step` and uses inside may be lost with a device; numbers and
 * arrays may not.
 */
export interface Method<S> {
  readonly name: string;
  /** The state before the first step. A pure function of the key. */
  start(key: Tensor): S;
  /**
   * One step on images `f32[B, C, H, W]`, 0 to 1. A pure function of tensors: it is compiled.
   *
   * @param at What the schedules give for this step.
   * @param phase What `phase` says about this step: a constant of the compiled step.
   */
  step(state: S, images: Tensor, at: StepValues, phase: string): StepResult<S>;
  /** Values by step (counted from 0) that the method wants beside `rate`, or instead of the usual `rate`. */
  schedules?(run: RunLength): Readonly<Record<string, Schedule>>;
  /**
   * For steps that do other work than the rest, as an epoch with a frozen layer does: a step whose phase has not been seen
   * before is compiled anew. Steps count from 0. Default: "" at all steps.
   */
  phase?(step: number, run: RunLength): string;
  /** What the model makes of images as they are, in evaluation mode: `f32[B, D]`. Compiled; used by monitors and tests. */
  embed?(state: S, images: Tensor): Tensor;
  /**
   * Two random views of each image as the loss sees them, in evaluation mode: `f32[B, D]` each, row by row of one image.
   * Compiled; used by monitors.
   */
  pair?(state: S, images: Tensor, key: Tensor): readonly [Tensor, Tensor];
  /** The method and its model in a line or two, for people. */
  describe?(state: S): string;
  /** What to try when the representation has collapsed, a sentence. Default: what helps contrastive losses. */
  readonly advice?: string;
  /** The step in parts, for batches that do not fit at once. */
  readonly parts?: StepParts<S>;
}

/** A tree of tensors whose first axes all count images, or a fixed number of rows for each image. */
export type Rows = unknown;

/**
 * A step cut where the batch can be cut: `step` is `views`, `encode` of all of them, `loss` and `update`, one after the
 * other. With it, batches of any size are trained on exactly: see `microBatch` of `pretrain`. All are compiled.
 */
export interface StepParts<S> {
  /** The trained part of the state: gradients have its form. */
  model(state: S): unknown;
  /**
   * All that is drawn for the step; `state` is the one with the key of the next step. `phase` is a constant, as in `step`:
   * what a phase leaves out is not among the views, and no later part sees it.
   */
  views(state: S, images: Tensor, at: StepValues, phase: string): { readonly views: Rows; readonly state: S };
  /**
   * What the loss sees of some of the images, in training mode, and the model with its statistics after that. Rows of
   * one image must not depend on other images; where they do, as with batch norm, they depend on the micro-batch.
   */
  encode(
    model: unknown,
    views: Rows,
    state: S,
    at: StepValues,
  ): { readonly rows: Rows; readonly model: unknown };
  /** The loss of the whole batch. */
  loss(
    rows: Rows,
    state: S,
    at: StepValues,
  ): Tensor | { readonly loss: Tensor; readonly metrics?: StepMetrics };
  /** The state after the step. `model` has the statistics that `encode` has left. */
  update(
    state: S,
    model: unknown,
    grads: unknown,
    at: StepValues,
  ): { readonly state: S; readonly metrics?: StepMetrics };
}
