import { debug } from "../core/debug.ts";
import type { PlanStep } from "../ir/plan.ts";
import { USAGE } from "./buffers.ts";
import type { Device } from "./device.ts";

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

interface Batch {
  readonly of: string;
  readonly steps: readonly PlanStep[];
  /** When its commands were given to the GPU, on the host's clock. */
  readonly submitted: number;
  /** Nanoseconds at which each step began and ended, on the GPU's clock. */
  readonly times: Promise<BigUint64Array>;
}

/** Times dispatches by timestamps, and what the host does beside them. */
export class Profiler {
  private recording: { batches: Batch[]; host: HostSpan[]; begun: number } | null = null;
  private printed: Promise<unknown> = Promise.resolve();
  private readonly device: Device;

  constructor(device: Device) {
    this.device = device;
  }

  get hasTimestamps(): boolean {
    return this.device.gpu.features.has("timestamp-query");
  }

  /** Whether dispatches are to be timed now. */
  get active(): boolean {
    return (this.recording !== null || debug.level >= 2) && this.hasTimestamps;
  }

  /** Resolves when all debug lines about dispatches so far have been printed. */
  flushed(): Promise<unknown> {
    return this.printed;
  }

  /**
   * Runs `body` and tells what the device and the host did for it.
   *
   * @throws {NoTimestampsError} If the adapter lacks the feature `timestamp-query`.
   */
  async record(body: () => unknown): Promise<Recording> {
    if (this.recording) throw new Error("profile: a recording is under way on this device");
    await this.device.idle();
    const recording = { batches: [] as Batch[], host: [] as HostSpan[], begun: performance.now() };
    this.recording = recording;
    try {
      await body();
      await this.device.idle();
    } finally {
      this.recording = null;
      for (const { times } of recording.batches) times.catch(() => undefined);
    }
    const times = await Promise.all(recording.batches.map((b) => b.times));
    return { kernels: timingsOf(recording.batches, times, recording.begun), host: recording.host };
  }

  /** Notes what the host has been doing since `start`, in milliseconds of `performance.now()`. */
  span(kind: HostSpan["kind"], name: string, start: number): void {
    const end = performance.now();
    this.recording?.host.push({
      kind,
      name,
      start: (start - this.recording.begun) * 1e3,
      duration: (end - start) * 1e3,
    });
    if (debug.level < 1) return;
    // For the performance panel of browsers; the list of measures would grow without end.
    performance.measure(`${kind} ${name}`, { start, end });
    performance.clearMeasures(`${kind} ${name}`);
  }

  /** Passes with timestamps for the steps of a run, if they are to be timed. */
  timer(steps: readonly PlanStep[]): Timer | null {
    return this.active && steps.length > 0 ? new Timer(this.device.gpu, steps.length) : null;
  }

  /** Notes a run whose commands have been given to the GPU. */
  ran(of: string, steps: readonly PlanStep[], timer: Timer | null): void {
    const times = timer?.read();
    times?.catch(() => undefined);
    if (times) this.recording?.batches.push({ of, steps, submitted: performance.now(), times });
    if (debug.level < 2) return;
    const { live } = this.device.memory();
    // Lines come in the order of the dispatches, each when its time is known.
    const known = (times ?? Promise.resolve(null)).catch(() => null);
    this.printed = Promise.all([known, this.printed]).then(([t]) => {
      steps.forEach((step, i) => {
        debug.print(dispatchLine(step, t ? Number(t[2 * i + 1]! - t[2 * i]!) / 1e3 : null, live));
      });
    });
  }
}

/** Query sets hold at most 4096 values: two for each dispatch. */
const STEPS_PER_SET = 2048;

/** Timestamps before and after each dispatch of a run; each dispatch has a pass of its own for them. */
export class Timer {
  private readonly steps: number;
  private readonly sets: GPUQuerySet[] = [];
  private readonly resolved: GPUBuffer;
  private readonly staging: GPUBuffer;

  constructor(gpu: GPUDevice, steps: number) {
    this.steps = steps;
    for (let from = 0; from < steps; from += STEPS_PER_SET) {
      const count = 2 * Math.min(STEPS_PER_SET, steps - from);
      this.sets.push(gpu.createQuerySet({ type: "timestamp", count }));
    }
    const size = 16 * steps;
    this.resolved = gpu.createBuffer({ size, usage: USAGE.QUERY_RESOLVE | USAGE.COPY_SRC });
    this.staging = gpu.createBuffer({ size, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  }

  pass(step: number): GPUComputePassDescriptor {
    const first = 2 * (step % STEPS_PER_SET);
    return {
      timestampWrites: {
        querySet: this.sets[Math.floor(step / STEPS_PER_SET)] as GPUQuerySet,
        beginningOfPassWriteIndex: first,
        endOfPassWriteIndex: first + 1,
      },
    };
  }

  /** Encodes what brings the timestamps home, after the last pass. */
  finish(encoder: GPUCommandEncoder): void {
    this.sets.forEach((set, i) => {
      encoder.resolveQuerySet(set, 0, set.count, this.resolved, 16 * STEPS_PER_SET * i);
    });
    encoder.copyBufferToBuffer(this.resolved, 0, this.staging, 0, 16 * this.steps);
  }

  async read(): Promise<BigUint64Array> {
    try {
      await this.staging.mapAsync(1);
      return new BigUint64Array(this.staging.getMappedRange().slice(0));
    } finally {
      for (const x of [this.staging, this.resolved, ...this.sets]) x.destroy();
    }
  }
}

/**
 * Timings on the host's clock. The two clocks have nothing in common, so they are laid on each other such that no
 * kernel begins before it was submitted and the first possible one begins just then.
 */
function timingsOf(
  batches: readonly Batch[],
  times: readonly BigUint64Array[],
  begun: number,
): KernelTiming[] {
  const origin = times[0]?.[0] ?? 0n;
  const sinceOrigin = (t: bigint | undefined): number => Number((t ?? origin) - origin) / 1e3;
  const submitted = batches.map((b) => (b.submitted - begun) * 1e3);
  const shift = Math.max(...submitted.map((s, b) => s - sinceOrigin(times[b]?.[0])));
  return batches.flatMap(({ of, steps }, b) =>
    steps.map(({ program, ops }, i): KernelTiming => {
      const start = sinceOrigin(times[b]?.[2 * i]);
      const duration = Math.max(0, sinceOrigin(times[b]?.[2 * i + 1]) - start);
      return { name: program.name, ops, of, start: start + shift, duration, ...program.cost };
    }),
  );
}

function dispatchLine({ program, ops }: PlanStep, microseconds: number | null, live: number): string {
  const { flops, bytes } = program.cost;
  const rate = (n: number): string => (n / ((microseconds as number) * 1e3)).toFixed(2);
  const time =
    microseconds === null
      ? "not timed"
      : `${microseconds.toFixed(1)} us, ${microseconds > 0 ? `${rate(flops)} GFLOP/s, ${rate(bytes)} GB/s` : "too short to tell"}`;
  const groups = program.workgroups.join("x");
  return `  ${program.name} [${groups}] (${ops.join(", ")}): ${time}, ${(live / 1e6).toFixed(2)} MB live`;
}
