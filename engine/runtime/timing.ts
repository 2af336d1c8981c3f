import { bytesText } from "../core/bytes-text.ts";
import { DeviceLimitError } from "../core/errors.ts";
import type { PlanStep } from "../ir/plan.ts";
import { USAGE } from "./buffers.ts";
import type { Batch, KernelTiming, Recorder, Recording, UnderWay } from "./recording.ts";

/** Query sets hold at most 4096 values: two for each dispatch. */
const STEPS_PER_SET = 2048;

/** Timestamps before and after each dispatch of a run; each dispatch has a pass of its own for them. */
export class Timer {
  readonly #steps: number;
  readonly #sets: GPUQuerySet[] = [];
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(gpu: GPUDevice, steps: number) {
    this.#steps = steps;
    for (let from = 0; from < steps; from += STEPS_PER_SET) {
      const count = 2 * Math.min(STEPS_PER_SET, steps - from);
      this.#sets.push(gpu.createQuerySet({ type: "timestamp", count }));
    }
    const size = 16 * steps;
    this.#resolved = gpu.createBuffer({ size, usage: USAGE.QUERY_RESOLVE | USAGE.COPY_SRC });
    this.#staging = gpu.createBuffer({ size, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  }

  pass(step: number): GPUComputePassDescriptor {
    const first = 2 * (step % STEPS_PER_SET);
    return {
      timestampWrites: {
        querySet: this.#sets[Math.floor(step / STEPS_PER_SET)] as GPUQuerySet,
        beginningOfPassWriteIndex: first,
        endOfPassWriteIndex: first + 1,
      },
    };
  }

  /** Encodes what brings the timestamps home, after the last pass. */
  finish(encoder: GPUCommandEncoder): void {
    this.#sets.forEach((set, i) => {
      encoder.resolveQuerySet(set, 0, set.count, this.#resolved, 16 * STEPS_PER_SET * i);
    });
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16 * this.#steps);
  }

  async read(): Promise<BigUint64Array> {
    try {
      await this.#staging.mapAsync(1);
      return new BigUint64Array(this.#staging.getMappedRange().slice(0));
    } finally {
      for (const x of [this.#staging, this.#resolved, ...this.#sets]) x.destroy();
    }
  }
}

/**
 * Runs `body` and tells what the device and the host did for it.
 *
 * @throws {DeviceLimitError} If the adapter lacks the feature `timestamp-query`.
 */
export async function record(
  device: { readonly profiler: Recorder; idle(): Promise<void> },
  what: string,
  body: () => unknown,
): Promise<Recording> {
  const { profiler } = device;
  if (!profiler.hasTimestamps) throw new DeviceLimitError(what, "timestamp-query", 1, 0, "another adapter");
  if (profiler.recording) throw new Error(`${what}: a recording is under way on this device`);
  const recording: UnderWay = { batches: [], host: [], begun: 0 };
  // From here on, so that two that begin at once do not mix.
  profiler.recording = recording;
  try {
    await profiler.load();
    await device.idle();
    recording.batches = [];
    recording.host = [];
    recording.begun = performance.now();
    await body();
    await device.idle();
  } finally {
    profiler.recording = null;
  }
  const times = await Promise.all(recording.batches.map((b) => b.times));
  return { kernels: timingsOf(recording.batches, times, recording.begun), host: recording.host };
}

/**
 * Timings on the host's clock. The two clocks have nothing in common, so they are laid on each other such that no
 * kernel begins before it was submitted and the first possible one begins just then.
 */
export function timingsOf(
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

/** Debug level 2: one line for each dispatch of a run. */
export function printDispatches(
  steps: readonly PlanStep[],
  times: BigUint64Array | null,
  live: number,
  print: (line: string) => void,
): void {
  steps.forEach((step, i) => {
    const from = times?.[2 * i];
    const to = times?.[2 * i + 1];
    print(dispatchLine(step, from === undefined || to === undefined ? null : Number(to - from) / 1e3, live));
  });
}

function dispatchLine({ program, ops }: PlanStep, microseconds: number | null, live: number): string {
  const groups = program.workgroups.join("x");
  const time = microseconds === null ? "not timed" : paceOf(program.cost, microseconds);
  return `  ${program.name} [${groups}] (${ops.join(", ")}): ${time}, ${bytesText(live)} live`;
}

function paceOf({ flops, bytes }: PlanStep["program"]["cost"], microseconds: number): string {
  const rate = (n: number): string => (n / microseconds / 1e3).toPrecision(3);
  const time = `${microseconds.toFixed(1)} us`;
  return microseconds > 0
    ? `${time}, ${rate(flops)} GFLOP/s, ${rate(bytes)} GB/s`
    : `${time}, too short to tell`;
}

const GPU_TRACK = 1;
const HOST_TRACK = 2;

/** A recording in the format that Perfetto and chrome://tracing open. */
export function traceText({ kernels, host }: Recording): string {
  const event = { ph: "X", pid: 1 };
  const track = (tid: number, name: string) => ({
    name: "thread_name",
    ph: "M",
    pid: 1,
    tid,
    args: { name },
  });
  const events = [
    { name: "process_name", ph: "M", pid: 1, args: { name: "morlet" } },
    track(GPU_TRACK, "GPU queue"),
    track(HOST_TRACK, "host"),
    ...host.map(({ kind, name, start, duration }) => ({
      ...event,
      tid: HOST_TRACK,
      name: `${kind} ${name}`,
      cat: kind,
      ts: start,
      dur: duration,
    })),
    ...kernels.map(({ name, ops, of, start, duration, flops, bytes }) => ({
      ...event,
      tid: GPU_TRACK,
      name,
      cat: "kernel",
      ts: start,
      dur: duration,
      args: { of, ops: ops.join(", "), ...(duration > 0 ? ratesOf(flops, bytes, duration) : {}) },
    })),
  ];
  return JSON.stringify({ traceEvents: events, displayTimeUnit: "ms" });
}

const ratesOf = (flops: number, bytes: number, microseconds: number) => ({
  "GFLOP/s": flops / microseconds / 1e3,
  "GB/s": bytes / microseconds / 1e3,
});
