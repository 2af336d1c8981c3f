import type { PlanStep } from "../ir/plan.ts";

/** What one dispatch took. */
export interface KernelTiming {
  readonly name: string;
  /** The ops of the user's that the kernel computes. */
  readonly ops: readonly string[];
  /** The evaluated op, or the compiled function, that the dispatch belongs to. */
  readonly of: string;
  /** Microseconds from the start of the recording. */
  readonly start: number;
  readonly duration: number;
  /** What the kernel computes and moves, at the least. */
  readonly flops: number;
  readonly bytes: number;
}

/** Something that the host did. */
export interface HostSpan {
  readonly kind: "compile" | "encode" | "readback";
  readonly name: string;
  /** Microseconds from the start of the recording. */
  readonly start: number;
  readonly duration: number;
}

export interface Recording {
  readonly kernels: readonly KernelTiming[];
  readonly host: readonly HostSpan[];
}

export interface Batch {
  readonly of: string;
  readonly steps: readonly PlanStep[];
  /** When its commands were given to the GPU, on the host's clock. */
  readonly submitted: number;
  /** Nanoseconds at which each step began and ended, on the GPU's clock. */
  readonly times: Promise<BigUint64Array>;
}

/** A recording that has begun. */
export interface UnderWay {
  batches: Batch[];
  host: HostSpan[];
  /** When, on the host's clock. */
  begun: number;
}

/** Who notes what happens while a recording is under way. */
export interface Recorder {
  /** What is being recorded, if anything is. */
  recording: UnderWay | null;
  readonly hasTimestamps: boolean;
  /** Resolves when it can time dispatches; null if it can. */
  load(): Promise<void> | null;
}
