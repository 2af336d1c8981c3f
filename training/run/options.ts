import type { ImageSet } from "../../data/images.ts";
import type { Schedule } from "../schedule.ts";
import type { RunStore } from "./store.ts";

/** Plain data, as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface PretrainOptions {
  readonly epochs: number;
  /** Images of a step; what is left over of an epoch is not used in it. */
  readonly batch: number;
  /** All randomness follows from it. Default 0. */
  readonly seed?: number;
  /** Learning rate by step, counted from 0. Default: the method's, or else a cosine from 1e-3 to 0 over all steps. */
  readonly schedule?: Schedule;
  /** Values by step instead of the method's, by name. */
  readonly schedules?: Readonly<Record<string, Schedule>>;
  /** Ends the run early, after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Where metrics and checkpoints go. Without one nothing is kept. */
  readonly store?: RunStore;
  /** Whether to go on with the run in the store, if there is one. Default false: it is an error if there is one. */
  readonly resume?: boolean;
  /** What the run was made from, kept in its checkpoints; a run is only resumed with an equal one. */
  readonly configuration?: Json;
  /** Steps between checkpoints. Default: an epoch, or what is done in five minutes if that is less. */
  readonly checkpointEvery?: number;
  /** Checkpoints that are kept. Default 2. */
  readonly keep?: number;
  /** Steps between copies of the state on the host, from which a lost device is replaced. Default 50. */
  readonly snapshotEvery?: number;
  /**
   * Images that go through the model at once, a divisor of `batch`. Fewer take less memory and more time: each goes
   * through twice. The gradient is that of the whole batch; with batch norm, whose statistics are then those of a
   * micro-batch, it is that of another model. Default: the batch, or as `memoryBudget` asks for, and less when the
   * device turns out to have no room for that.
   */
  readonly microBatch?: number;
  /**
   * Bytes of device memory that steps may take by their plans; `microBatch` is chosen accordingly. Default: half of the
   * machine's memory where the processor does the work of a GPU, and none on GPUs.
   */
  readonly memoryBudget?: number;
  /**
   * How what the backward pass keeps of the forward pass is stored; "f16" takes half of the memory for it, on adapters
   * that have half precision. Everything else is as with "f32", the default. See `compile`.
   */
  readonly activations?: "f32" | "f16";
  /** Steps between looks at the representation, the first of which comes before training; 0 for none. Default: an epoch. */
  readonly monitorEvery?: number;
  /** What is looked at: held-out images, or some of those trained on. Default: up to 256 of those trained on. */
  readonly monitorImages?: ImageSet;
}
