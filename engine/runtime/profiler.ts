import { debug } from "../core/debug.ts";
import type { PlanStep } from "../ir/plan.ts";
import type { Device } from "./device.ts";
import type { Timer } from "./timing.ts";

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

/** Times dispatches by timestamps, notes what the host does beside them, and keeps debug lines in order. */
export class Profiler {
  /** What is being recorded, if anything is. */
  recording: { batches: Batch[]; host: HostSpan[]; begun: number } | null = null;
  #printed: Promise<unknown> = Promise.resolve();
  /** Loaded when it is first needed: who measures nothing need not have it. */
  #tools: typeof import("./timing.ts") | null = null;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
  }

  get hasTimestamps(): boolean {
    return this.#device.gpu.features.has("timestamp-query");
  }

  /** Whether dispatches are to be timed, or told in debug lines. */
  get active(): boolean {
    return this.recording !== null || debug.level >= 2;
  }

  /** Resolves when it can time dispatches; null if it can. */
  load(): Promise<void> | null {
    if (this.#tools) return null;
    return import("./timing.ts").then((tools) => {
      this.#tools = tools;
    });
  }

  /** Debug lines that come when `lines` resolves, before those of later calls. */
  tell(lines: Promise<unknown>): void {
    this.#printed = Promise.allSettled([this.#printed, lines]);
  }

  /** Resolves when all debug lines so far have been printed. */
  flushed(): Promise<unknown> {
    return this.#printed;
  }

  /** Notes what the host has been doing since `start`, in milliseconds of `performance.now()`. */
  span(kind: HostSpan["kind"], name: string, start: number): void {
    const recording = this.recording;
    if (!recording && debug.level < 1) return;
    const end = performance.now();
    recording?.host.push({
      kind,
      name,
      start: (start - recording.begun) * 1e3,
      duration: (end - start) * 1e3,
    });
    if (debug.level < 1) return;
    // For the performance panel of browsers; the list of measures would grow without end.
    performance.measure(`${kind} ${name}`, { start, end });
    performance.clearMeasures(`${kind} ${name}`);
  }

  /** Passes with timestamps for the steps of a run, if they are to be timed. */
  timer(steps: readonly PlanStep[]): Timer | null {
    if (!this.active || !this.#tools || !this.hasTimestamps || steps.length === 0) return null;
    return new this.#tools.Timer(this.#device.gpu, steps.length);
  }

  /** Notes a run whose commands have been given to the GPU. */
  ran(of: string, steps: readonly PlanStep[], timer: Timer | null): void {
    if (!this.active) return;
    const times = timer?.read();
    // A device that is lost now is told to who reads results, or waits for the recording.
    times?.catch(() => undefined);
    if (times) this.recording?.batches.push({ of, steps, submitted: performance.now(), times });
    if (debug.level < 2 || !this.#tools) return;
    const { printDispatches } = this.#tools;
    const { live } = this.#device.memory();
    const known = (times ?? Promise.resolve(null)).catch(() => null);
    const before = this.#printed;
    const { print } = debug;
    this.tell(Promise.all([known, before]).then(([t]) => printDispatches(steps, t, live, print)));
  }
}
