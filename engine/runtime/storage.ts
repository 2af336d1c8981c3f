import { allocateHost, bufferBytes, type DType, type HostData } from "../core/dtype.ts";
import { DisposedError } from "../core/errors.ts";
import { float16Bits, float16Value } from "../core/half.ts";
import type { Stored } from "../core/stored.ts";
import type { PooledBuffer } from "./buffers.ts";
import type { Device } from "./device.ts";

/** A part of a buffer, from `offset` bytes on. */
export interface Region {
  readonly buffer: PooledBuffer;
  readonly offset: number;
}

interface Held {
  readonly device: Device;
  readonly buffer: PooledBuffer;
}

// What the registry holds does not lead to the block: else nothing would ever be freed.
const forgotten = new FinalizationRegistry<Held>(({ device, buffer }) => {
  if (!device.isLost) device.buffers.release(buffer);
});

/**
 * A buffer and how many storages share it. It returns to its pool when the last one lets go, or when none of them can
 * be reached any more.
 */
export class Block {
  private holders = 1;
  readonly buffer: PooledBuffer;
  readonly device: Device;

  constructor(device: Device, buffer: PooledBuffer) {
    this.device = device;
    this.buffer = buffer;
    forgotten.register(this, { device, buffer }, this);
  }

  /** How many storages lie here. Those that were dropped without `dispose()` still count. */
  get shares(): number {
    return this.holders;
  }

  retain(): this {
    this.holders++;
    return this;
  }

  release(): void {
    if (--this.holders > 0) return;
    forgotten.unregister(this);
    if (!this.device.isLost) this.device.buffers.release(this.buffer);
  }
}

/** Host copies up to this size are kept beside the device's. */
const KEEP_ON_HOST = 4096;

/** The values of an evaluated tensor: on the host, on a device, or promised by work that is under way. */
export class Storage implements Stored {
  readonly dtype: DType;
  readonly length: number;
  private host: HostData | null;
  private block: Block | null = null;
  private offset = 0;
  private gone: string | null = null;
  /** Work that has been handed over but not begun needs the buffer even if the user disposes of the tensor. */
  private pins = 0;
  /** The call of a compiled function that returned this, and as which output; tells it its own state again. */
  origin: object | null = null;
  originOutput = -1;
  /** What went wrong with the work that should have made the values. */
  error: Error | null = null;

  constructor(dtype: DType, length: number, host: HostData | null = null) {
    this.dtype = dtype;
    this.length = length;
    this.host = host;
  }

  get disposed(): boolean {
    return this.gone !== null;
  }

  get bytes(): number {
    return bufferBytes(this.dtype, this.length);
  }

  /** The host copy, when there is one. */
  get hostData(): HostData | null {
    return this.host;
  }

  get device(): Device | null {
    return this.block?.device ?? null;
  }

  check(op: string): void {
    if (this.gone !== null)
      throw new DisposedError(op, {
        problem: this.gone,
        hint: "clone() before, or keep using the new tensor",
      });
    if (this.error) throw this.error;
  }

  /** The device buffer with the values; uploads them if they are on the host only. */
  onDevice(device: Device): Region {
    if (this.block) {
      if (this.block.device !== device)
        throw new Error("a tensor lives on another device; read it and create it anew there");
      return { buffer: this.block.buffer, offset: this.offset };
    }
    const region = this.allocate(device, "upload");
    const host = this.host as HostData;
    if (this.length > 0) upload(device, region.buffer.gpu, this.dtype, host);
    if (this.bytes > KEEP_ON_HOST) this.host = null;
    return region;
  }

  /** A fresh buffer for values that a kernel will write. */
  allocate(device: Device, what: string): Region {
    const block = new Block(device, device.buffers.acquire(Math.max(4, this.bytes), what));
    this.adopt(block, 0);
    return { buffer: block.buffer, offset: 0 };
  }

  /** Becomes one of those that share `block`. */
  occupy(block: Block, offset: number): void {
    this.adopt(block.retain(), offset);
  }

  /** The shared buffer that the values lie in, and where; null while they are on the host. */
  get seat(): { readonly block: Block; readonly offset: number } | null {
    return this.block ? { block: this.block, offset: this.offset } : null;
  }

  /** Says that `by` has replaced the values where they lay. */
  markReplaced(by: string): void {
    this.host = null;
    this.gone = `its buffer was updated in place by ${by}`;
    this.releaseBlock();
  }

  /** Takes over the buffer of `old`, which is gone from then on. */
  takeFrom(old: Storage, by: string): void {
    const block = old.block as Block;
    old.block = null;
    old.host = null;
    old.gone = `its buffer was updated in place by ${by}`;
    this.adopt(block, old.offset);
  }

  /** Another handle on the same values. */
  share(): Storage {
    const other = new Storage(this.dtype, this.length, this.host);
    if (this.block) other.adopt(this.block.retain(), this.offset);
    return other;
  }

  /** Follows `source`, whose values are not there yet. */
  alias(source: Storage): void {
    this.host = source.host;
    if (source.block) this.adopt(source.block.retain(), source.offset);
  }

  pin(): void {
    this.pins++;
  }

  unpin(): void {
    if (--this.pins === 0 && this.gone !== null) this.letGo();
  }

  dispose(why = "it was disposed of"): void {
    if (this.gone !== null) return;
    this.gone = why;
    if (this.pins === 0) this.letGo();
  }

  /** Few values that have been read stay on the host, and their buffer is free for others. */
  keepOnHost(data: HostData): void {
    if (this.bytes > KEEP_ON_HOST || this.gone !== null) return;
    this.host = data;
    if (this.pins === 0) this.releaseBlock();
  }

  private adopt(block: Block, offset: number): void {
    this.block = block;
    this.offset = offset;
  }

  private letGo(): void {
    this.host = null;
    this.releaseBlock();
  }

  private releaseBlock(): void {
    if (!this.block) return;
    this.block.release();
    this.block = null;
  }
}

function upload(device: Device, buffer: GPUBuffer, dtype: DType, host: HostData): void {
  const bytes = toDeviceBytes(dtype, host);
  device.queue.writeBuffer(buffer, 0, bytes, 0, bytes.byteLength);
}

/** Host data as the device holds it: booleans as u32, halves in pairs. */
export function toDeviceBytes(dtype: DType, host: HostData): Uint8Array<ArrayBuffer> {
  if (dtype === "bool") return viewBytes(Uint32Array.from(host, (x) => (x ? 1 : 0)));
  if (dtype === "f16") {
    const bits = new Uint16Array(host.length + (host.length % 2));
    for (let i = 0; i < host.length; i++) bits[i] = float16Bits(host[i] as number);
    return viewBytes(bits);
  }
  return viewBytes(host);
}

const viewBytes = (x: ArrayBufferView): Uint8Array<ArrayBuffer> =>
  new Uint8Array(x.buffer as ArrayBuffer, x.byteOffset, x.byteLength);

/** Device bytes as host data. */
export function fromDeviceBytes(dtype: DType, bytes: ArrayBuffer, length: number): HostData {
  if (dtype === "f32") return new Float32Array(bytes, 0, length);
  if (dtype === "i32") return new Int32Array(bytes, 0, length);
  if (dtype === "u32") return new Uint32Array(bytes, 0, length);
  const out = allocateHost(dtype, length);
  if (dtype === "bool") {
    const words = new Uint32Array(bytes, 0, length);
    for (let i = 0; i < length; i++) out[i] = words[i] ? 1 : 0;
    return out;
  }
  const halves = new Uint16Array(bytes, 0, length);
  for (let i = 0; i < length; i++) out[i] = float16Value(halves[i] as number);
  return out;
}
