// What any library of the page asks of WebGPU: dispatches, submits, and the bytes of its buffers.

export interface Counts {
  readonly dispatches: number;
  readonly submits: number;
  /** The most that all buffers of the page had together. */
  readonly peakBytes: number;
}

const now = { dispatches: 0, submits: 0, live: 0, peak: 0 };
const sizes = new WeakMap<GPUBuffer, number>();

/** Wraps the methods of WebGPU; to be called once, before any device is opened. */
export function install(): void {
  around(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => {
    now.dispatches++;
  });
  around(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", () => {
    now.dispatches++;
  });
  around(GPUQueue.prototype, "submit", () => {
    now.submits++;
  });
  around(GPUDevice.prototype, "createBuffer", (_, buffer) => {
    const { size } = buffer as GPUBuffer;
    sizes.set(buffer as GPUBuffer, size);
    now.live += size;
    now.peak = Math.max(now.peak, now.live);
  });
  around(GPUBuffer.prototype, "destroy", (buffer) => {
    now.live -= sizes.get(buffer as GPUBuffer) ?? 0;
    sizes.delete(buffer as GPUBuffer);
  });
}

function around(of: object, name: string, after: (self: unknown, result: unknown) => void): void {
  const methods = of as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[name] as (...args: unknown[]) => unknown;
  methods[name] = function (...args) {
    const result = original.apply(this, args);
    after(this, result);
    return result;
  };
}

/** Bytes of all buffers that are there now. */
export const liveBytes = (): number => now.live;

/** Counts what `body` asks for; the peak is over what was there before `base`. */
export async function counting(base: number, body: () => Promise<void>): Promise<Counts> {
  const before = { ...now };
  now.peak = now.live;
  await body();
  return {
    dispatches: now.dispatches - before.dispatches,
    submits: now.submits - before.submits,
    peakBytes: now.peak - base,
  };
}
