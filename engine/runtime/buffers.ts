import { DeviceLimitError, OutOfMemoryError } from "../core/errors.ts";

/** A GPU buffer of the pool. `id` is never reused, so it can stand for the buffer in keys. */
export interface PooledBuffer {
  readonly id: number;
  readonly gpu: GPUBuffer;
  readonly bytes: number;
}

export interface MemoryReport {
  /** Bytes in buffers that tensors and plans hold. */
  readonly live: number;
  /** Bytes in buffers kept for reuse. */
  readonly pooled: number;
  /** The most that `live` has been. */
  readonly peak: number;
  /** Buffers created so far. */
  readonly allocations: number;
}

/** Sizes are rounded to quarters of a power of two, so that freed buffers find new users. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(bytes)) - 2));
  return Math.ceil(bytes / step) * step;
}

/**
 * Storage buffers, handed out and taken back. A buffer that comes back may still be in use by submitted work; since
 * the queue runs in order, whoever gets it next writes it after that work.
 */
export class BufferPool {
  private readonly free = new Map<number, PooledBuffer[]>();
  private live = 0;
  private pooled = 0;
  private peak = 0;
  private created = 0;

  private readonly device: GPUDevice;
  private readonly fail: (error: Error) => void;

  constructor(device: GPUDevice, fail: (error: Error) => void) {
    this.device = device;
    this.fail = fail;
  }

  acquire(bytes: number, what: string): PooledBuffer {
    const limit = this.device.limits.maxBufferSize;
    if (bytes > limit) throw new DeviceLimitError(what, "maxBufferSize", bytes, limit, "a smaller batch");
    const size = Math.min(sizeClass(bytes), limit - (limit % 4));
    const list = this.free.get(size);
    let buffer = list?.pop();
    if (buffer) this.pooled -= size;
    else buffer = this.create(size, what);
    this.live += size;
    this.peak = Math.max(this.peak, this.live);
    return buffer;
  }

  release(buffer: PooledBuffer): void {
    this.live -= buffer.bytes;
    this.pooled += buffer.bytes;
    const list = this.free.get(buffer.bytes);
    if (list) list.push(buffer);
    else this.free.set(buffer.bytes, [buffer]);
  }

  /** Gives unused buffers back to the driver. */
  trim(): void {
    for (const list of this.free.values()) for (const buffer of list) buffer.gpu.destroy();
    this.free.clear();
    this.pooled = 0;
  }

  report(): MemoryReport {
    return { live: this.live, pooled: this.pooled, peak: this.peak, allocations: this.created };
  }

  private create(size: number, what: string): PooledBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    // Unused buffers of other sizes go first when they are most of what we hold.
    if (this.pooled > Math.max(64 * 1024 * 1024, this.live)) this.trim();
    this.device.pushErrorScope("out-of-memory");
    const gpu = this.device.createBuffer({ label: what, size, usage });
    this.device.popErrorScope().then(
      (error) => {
        if (error) this.fail(new OutOfMemoryError(size, this.live));
      },
      () => undefined,
    );
    return { id: this.created++, gpu, bytes: size };
  }
}
