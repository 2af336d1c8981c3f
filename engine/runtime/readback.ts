import type { HostData } from "../core/dtype.ts";
import { DeviceLostError } from "../core/errors.ts";
import { sizeClass } from "./buffers.ts";
import type { Device } from "./device.ts";
import { fromDeviceBytes, type Storage } from "./storage.ts";

/** Mappable buffers kept for reuse, per size. */
const KEEP = 4;

/** Copies values to the host. Reads overlap: each has its own staging buffer, and none waits for later work. */
export class Readback {
  private readonly free = new Map<number, GPUBuffer[]>();
  private readonly device: Device;

  constructor(device: Device) {
    this.device = device;
  }

  async read(storage: Storage): Promise<HostData> {
    const { device } = this;
    storage.pin();
    try {
      await device.work.drained();
      if (storage.error) throw storage.error;
      device.check();
      const bytes = storage.bytes;
      const source = storage.onDevice(device);
      const size = sizeClass(bytes);
      const staging = this.free.get(size)?.pop() ?? this.create(size);
      const encoder = device.gpu.createCommandEncoder({ label: "readback" });
      encoder.copyBufferToBuffer(source.buffer.gpu, source.offset, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      const copy = await this.mapped(staging, bytes);
      this.keep(size, staging);
      device.check();
      return fromDeviceBytes(storage.dtype, copy, storage.length);
    } finally {
      storage.unpin();
    }
  }

  private async mapped(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, bytes);
    } catch (error) {
      // A lost device rejects the mapping, sometimes before `lost` has resolved.
      this.device.check();
      if (this.device.isLost || /lost|destroyed/i.test(String(error))) throw await this.lossOf(error);
      throw error;
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    return copy;
  }

  private async lossOf(error: unknown): Promise<Error> {
    const timeout = new Promise<DeviceLostError>((resolve) =>
      setTimeout(() => resolve(new DeviceLostError("unknown", String(error))), 1000),
    );
    return Promise.race([this.device.lost, timeout]);
  }

  private create(size: number): GPUBuffer {
    return this.device.gpu.createBuffer({
      label: "staging",
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  private keep(size: number, staging: GPUBuffer): void {
    const list = this.free.get(size) ?? [];
    this.free.set(size, list);
    if (list.length < KEEP) list.push(staging);
    else staging.destroy();
  }
}
