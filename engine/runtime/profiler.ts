import { debug } from "../core/debug.ts";
import type { PlanStep } from "../ir/plan.ts";
import type { BufferPool } from "./buffers.ts";
import type { HostSpan, Recorder, UnderWay } from "./recording.ts";
import type { Timer } from "./timing.ts";

/** Times dispatches by timestamps, notes what the host does beside them, and keeps debug lines in order. */
export class Profiler implements Recorder {
  recording: UnderWay | null = null;
  #printed: Promise<unknown> = Promise.resolve();
  /** Loaded when it is first needed: who measures nothing need not have it. */
  #tools: typeof import("./timing.ts") | null = null;
  readonly #gpu: GPUDevice;
  readonly #buffers: BufferPool;

  constructor(gpu: GPUDevice, buffers: BufferPool) {
    this.#gpu = gpu;
    this.#buffers = buffers;
  }

  get hasTimestamps(): boolean {
    return this.#gpu.features.has("timestamp-query");
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
    return new this.#tools.Timer(this.#gpu, steps.length);
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
    const { live } = this.#buffers.report();
    const known = (times ?? Promise.resolve(null)).catch(() => null);
    const before = this.#printed;
    const { print } = debug;
    this.tell(Promise.all([known, before]).then(([t]) => printDispatches(steps, t, live, print)));
  }
}
