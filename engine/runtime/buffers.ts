import { DeviceLimitError, OutOfMemoryError } from "../core/errors.ts";

/** WebGPU's usage flags. The standard fixes their values, and not every host has the globals that name them. */
export const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, STORAGE: 128, QUERY_RESOLVE: 512 } as const;

/** A GPU buffer of the pool. */
export interface PooledBuffer {
  /** Replaced if the driver refused the first one and grants a second. */
  gpu: GPUBuffer;
  readonly bytes: number;
  /** The driver refused it for good. */
  refused: boolean;
}

/** A part of a buffer, from `offset` bytes on. */
export interface Region {
  readonly buffer: PooledBuffer;
  readonly offset: number;
}

/** One stretch of bytes to copy on the device. */
export interface Copy {
  readonly from: Region;
  readonly to: Region;
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

/** A new buffer, and what tells whether the driver refused it. */
interface Asked {
  readonly buffer: PooledBuffer;
  readonly refusal: Promise<unknown>;
}

/** Sizes are rounded up, small ones coarsely, so that freed buffers find new users. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const parts = bytes > 1 << 20 ? 4 : 2;
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(bytes)) - parts));
  return Math.ceil(bytes / step) * step;
}

/** Unused bytes above which other sizes are given back before a new buffer is made, if they are most of all. */
const SPARE_BYTES = 64 * 1024 * 1024;

/**
 * Buffers of one usage, handed out and taken back. One that comes back may still be in use by submitted work; since
 * the queue runs in order, whoever gets it next writes it after that work.
 */
export class BufferPool {
  readonly #free = new Map<number, PooledBuffer[]>();
  /** New buffers of which the driver has not said yet whether it grants them. */
  #asked: Asked[] = [];
  #live = 0;
  #pooled = 0;
  #peak = 0;
  #created = 0;

  readonly #device: GPUDevice;
  readonly #usage: number;
  readonly #makeRoom: () => Promise<unknown>;

  /** `makeRoom` is called when the driver has no memory left, before it is asked a second time. */
  constructor(device: GPUDevice, usage: number, makeRoom: () => Promise<unknown>) {
    this.#device = device;
    this.#usage = usage;
    this.#makeRoom = makeRoom;
  }

  /** A buffer, which must not be used before what `granted()` then returns has resolved. */
  acquire(bytes: number, what: string): PooledBuffer {
    const limit = this.#device.limits.maxBufferSize;
    if (bytes > limit) throw new DeviceLimitError(what, "maxBufferSize", bytes, limit, "a smaller batch");
    const size = Math.min(sizeClass(bytes), limit - (limit % 4));
    let buffer = this.#free.get(size)?.pop();
    if (buffer) this.#pooled -= size;
    else {
      if (this.#pooled > Math.max(SPARE_BYTES, this.#live)) this.trim();
      const { gpu, refusal } = this.#create(size, what);
      buffer = { gpu, bytes: size, refused: false };
      this.#asked.push({ buffer, refusal });
      this.#created++;
    }
    this.#live += size;
    this.#peak = Math.max(this.#peak, this.#live);
    return buffer;
  }

  /** Null if all that was acquired is there; else resolves when it is. @throws {OutOfMemoryError} */
  granted(): Promise<void> | null {
    if (this.#asked.length === 0) return null;
    const asked = this.#asked;
    this.#asked = [];
    return this.#settle(asked);
  }

  release(buffer: PooledBuffer): void {
    this.#live -= buffer.bytes;
    if (buffer.refused) return;
    this.#pooled += buffer.bytes;
    const list = this.#free.get(buffer.bytes);
    if (list) list.push(buffer);
    else this.#free.set(buffer.bytes, [buffer]);
  }

  /** Gives unused buffers back to the driver. */
  trim(): void {
    for (const list of this.#free.values()) for (const buffer of list) buffer.gpu.destroy();
    this.#free.clear();
    this.#pooled = 0;
  }

  report(): MemoryReport {
    return { live: this.#live, pooled: this.#pooled, peak: this.#peak, allocations: this.#created };
  }

  #create(size: number, what: string): { gpu: GPUBuffer; refusal: Promise<unknown> } {
    this.#device.pushErrorScope("out-of-memory");
    const gpu = this.#device.createBuffer({ label: what, size, usage: this.#usage });
    // A scope that cannot tell belongs to a lost device, which is noticed elsewhere.
    const refusal = this.#device.popErrorScope().catch(() => null);
    return { gpu, refusal };
  }

  async #settle(asked: Asked[]): Promise<void> {
    const refused: PooledBuffer[] = [];
    for (const { buffer, refusal } of asked) if (await refusal) refused.push(buffer);
    if (refused.length === 0) return;
    await this.#makeRoom();
    const again = refused.map((buffer) => {
      const { gpu, refusal } = this.#create(buffer.bytes, buffer.gpu.label);
      buffer.gpu = gpu;
      return { buffer, refusal };
    });
    let error: OutOfMemoryError | null = null;
    for (const { buffer, refusal } of again) {
      if (!(await refusal)) continue;
      buffer.refused = true;
      error ??= new OutOfMemoryError(buffer.bytes, this.#live);
    }
    if (error) throw error;
  }
}
