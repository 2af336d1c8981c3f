import type { KernelProgram } from "../../kernels/program.ts";
import type { Device } from "./device.ts";
import type { Pipeline } from "./pipelines.ts";

export interface KernelTiming {
  readonly name: string;
  readonly ops: readonly string[];
  /** Microseconds from the start of the recording. */
  readonly start: number;
  readonly duration: number;
  readonly flops: number;
  readonly bytes: number;
}

interface Batch {
  readonly steps: readonly { program: KernelProgram; ops: readonly string[] }[];
  readonly times: Promise<BigUint64Array>;
}

/** Times every dispatch while it is on: by timestamps where the adapter has them, else by waiting for each. */
export class Profiler {
  active = false;
  private batches: Batch[] = [];
  private readonly device: Device;

  constructor(device: Device) {
    this.device = device;
  }

  get hasTimestamps(): boolean {
    return this.device.gpu.features.has("timestamp-query");
  }

  /** Runs `body` and returns what each of its dispatches took. Needs the feature `timestamp-query`. */
  async collect(body: () => unknown): Promise<KernelTiming[]> {
    if (!this.hasTimestamps) throw new Error("profile: this adapter has no timestamp-query");
    this.active = true;
    this.batches = [];
    try {
      await body();
      await this.device.idle();
    } finally {
      this.active = false;
    }
    const timings: KernelTiming[] = [];
    let origin: bigint | null = null;
    for (const { steps, times } of this.batches) {
      const t = await times;
      steps.forEach(({ program, ops }, i) => {
        const start = t[2 * i] as bigint;
        const end = t[2 * i + 1] as bigint;
        origin ??= start;
        timings.push({
          name: program.name,
          ops,
          start: Number(start - origin) / 1e3,
          duration: Number(end - start) / 1e3,
          ...program.cost,
        });
      });
    }
    this.batches = [];
    return timings;
  }

  /** Encodes each dispatch in a pass of its own, with a timestamp before and after. */
  record(steps: Batch["steps"], pipelines: readonly Pipeline[], groupOf: (i: number) => GPUBindGroup): void {
    if (steps.length === 0) return;
    const { gpu } = this.device;
    // A query set holds at most 4096 entries.
    for (let from = 0; from < steps.length; from += 2048) {
      const part = steps.slice(from, from + 2048);
      const querySet = gpu.createQuerySet({ type: "timestamp", count: 2 * part.length });
      const bytes = 16 * part.length;
      const resolved = gpu.createBuffer({
        size: bytes,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
      const staging = gpu.createBuffer({
        size: bytes,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      const encoder = gpu.createCommandEncoder();
      part.forEach(({ program }, i) => {
        const pass = encoder.beginComputePass({
          timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
        });
        pass.setPipeline((pipelines[from + i] as Pipeline).gpu);
        pass.setBindGroup(0, groupOf(from + i));
        pass.dispatchWorkgroups(program.workgroups[0], program.workgroups[1], program.workgroups[2]);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
      gpu.queue.submit([encoder.finish()]);
      const times = staging.mapAsync(GPUMapMode.READ).then(() => {
        const copy = new BigUint64Array(staging.getMappedRange().slice(0));
        for (const buffer of [staging, resolved]) buffer.destroy();
        querySet.destroy();
        return copy;
      });
      this.batches.push({ steps: part, times });
    }
  }
}

/** A recording in the format that Perfetto and chrome://tracing open. */
export function traceFile(timings: readonly KernelTiming[]): string {
  const events = timings.map((t) => ({
    name: t.name,
    cat: "kernel",
    ph: "X",
    pid: 1,
    tid: 1,
    ts: t.start,
    dur: t.duration,
    args: {
      ops: t.ops.join(", "),
      gflops: t.duration > 0 ? t.flops / t.duration / 1e3 : 0,
      gigabytesPerSecond: t.duration > 0 ? t.bytes / t.duration / 1e3 : 0,
    },
  }));
  const names = [
    { name: "process_name", ph: "M", pid: 1, args: { name: "morlet" } },
    { name: "thread_name", ph: "M", pid: 1, tid: 1, args: { name: "GPU queue" } },
  ];
  return JSON.stringify({ traceEvents: [...names, ...events], displayTimeUnit: "ms" });
}
