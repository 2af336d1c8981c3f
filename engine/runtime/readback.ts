import type { DType, HostData } from "../core/dtype.ts";
import { DeviceLostError } from "../core/errors.ts";
import { BufferPool, type PooledBuffer, type Region, USAGE } from "./buffers.ts";
import { fromDeviceBytes } from "./bytes.ts";
import { Outcome, refusalOf } from "./outcome.ts";
import type { Profiler } from "./profiler.ts";
import type { WorkQueue } from "./work-queue.ts";

/** How long to wait for a device to say that it was lost, once something has failed as if it were. */
const LOSS_TIMEOUT = 1000;
const MAP_READ = 1;

/** The device that values lie on. */
interface Source {
  readonly gpu: GPUDevice;
  readonly work: WorkQueue;
  readonly profiler: Profiler;
  readonly lost: Promise<DeviceLostError>;
  check(): void;
  makeRoom(): Promise<void>;
}

/** Values that can be read: those of a storage. */
interface Readable {
  readonly dtype: DType;
  readonly length: number;
  readonly bytes: number;
  /** Where they lie on the device. */
  readonly region: Region;
  readonly hostData: HostData | null;
  readonly error: Error | null;
  readonly outcome: Outcome | null;
  pin(): void;
  unpin(): void;
}

/** Copies values to the host. Reads overlap: each has its own staging buffer, and none waits for later work. */
export class Readback {
  readonly #staging: BufferPool;
  readonly #device: Source;

  constructor(device: Source) {
    this.#device = device;
    this.#staging = new BufferPool(device.gpu, USAGE.MAP_READ | USAGE.COPY_DST, () => device.makeRoom());
  }

  /** The values as they are after the work handed over so far; later work may overwrite them at once. */
  read(storage: Readable): Promise<HostData> {
    storage.pin();
    return new Promise((resolve, reject) => {
      this.#device.work.add({
        ready: null,
        step: false,
        run: () => {
          const rest = this.#copy(storage, (data) => data.then(resolve, reject));
          if (rest) return rest.then(() => storage.unpin());
          storage.unpin();
          return null;
        },
        fail: (error) => {
          storage.unpin();
          reject(error);
        },
      });
    });
  }

  /** Gives unused staging buffers back to the driver. */
  trim(): void {
    this.#staging.trim();
  }

  #copy(storage: Readable, done: (data: Promise<HostData>) => void): Promise<void> | null {
    if (storage.error) throw storage.error;
    if (storage.hostData) {
      done(Promise.resolve(storage.hostData.slice()));
      return null;
    }
    const { bytes, region } = storage;
    const target = this.#staging.acquire(bytes, "staging");
    const start = () => {
      const { gpu } = this.#device;
      gpu.pushErrorScope("validation");
      const encoder = gpu.createCommandEncoder({ label: "readback" });
      encoder.copyBufferToBuffer(region.buffer.gpu, region.offset, target.gpu, 0, bytes);
      gpu.queue.submit([encoder.finish()]);
      const outcome = new Outcome(refusalOf(gpu, "data"), [storage.outcome]);
      done(this.#fetch(storage, target, outcome));
    };
    const granted = this.#staging.granted();
    if (!granted) {
      start();
      return null;
    }
    return granted.then(start, (error) => {
      this.#staging.release(target);
      throw error;
    });
  }

  async #fetch(
    { bytes, dtype, length }: Readable,
    target: PooledBuffer,
    outcome: Outcome,
  ): Promise<HostData> {
    const started = performance.now();
    try {
      await target.gpu.mapAsync(MAP_READ, 0, bytes);
    } catch (error) {
      target.refused = true;
      this.#staging.release(target);
      // What was wrong with the work explains more than what is wrong with the copy.
      await outcome.settled;
      throw outcome.error ?? (await this.#lossOf(error));
    }
    const copy = target.gpu.getMappedRange(0, bytes).slice(0);
    target.gpu.unmap();
    this.#staging.release(target);
    await outcome.settled;
    if (outcome.error) throw outcome.error;
    this.#device.check();
    this.#device.profiler.span("readback", `${dtype}[${length}]`, started);
    await this.#device.profiler.flushed();
    return fromDeviceBytes(dtype, copy, length);
  }

  /** A lost device refuses to map, sometimes before it says that it was lost. */
  async #lossOf(error: unknown): Promise<unknown> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, LOSS_TIMEOUT, null);
    });
    const loss = await Promise.race([this.#device.lost, timeout]);
    clearTimeout(timer);
    try {
      this.#device.check();
    } catch (failure) {
      return failure;
    }
    return (
      loss ?? (/lost|destroyed/i.test(String(error)) ? new DeviceLostError("unknown", String(error)) : error)
    );
  }
}
