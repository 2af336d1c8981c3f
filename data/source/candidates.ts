import type { Damage } from "../collection.ts";
import type { Fit, Target } from "../decode/fit.ts";

/** Images that could be loaded, known by name and label. */
export interface Candidates {
  readonly names: readonly string[];
  /** -1 where it is not known. */
  readonly labels: Int32Array | null;
  /** Loads some of them in the order of `places`. */
  load(places: readonly number[], target: Target, watch: Watch): Promise<Loaded>;
}

export interface Loaded {
  /** `[kept.length, height, width, channels]` */
  readonly data: Uint8Array;
  /** Which of the wanted places could be loaded. */
  readonly kept: readonly number[];
  readonly skipped: readonly Damage[];
}

/** Follows the loading and ends it. */
export interface Watch {
  /** One image more is there or was skipped. */
  step(): void;
  /** @throws What the signal was aborted with. */
  check(): void;
}

/** What was found in a source, before anything is loaded. */
export interface Found {
  readonly train: Candidates;
  readonly test: Candidates | null;
  readonly classes: readonly string[] | null;
  /** The images' own size, or what suits a mixture. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly skipped: readonly Damage[];
}

export type { Fit, Target };
