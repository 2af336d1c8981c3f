import { bufferBytes, type DType, type HostData } from "../core/dtype.ts";
import { DeviceMismatchError, DisposedError } from "../core/errors.ts";
import type { Stored } from "../core/stored.ts";
import { Block } from "./block.ts";
import type { Copy, Region } from "./buffers.ts";
import { toDeviceBytes } from "./bytes.ts";
import type { Device } from "./device.ts";
import type { Outcome } from "./outcome.ts";

/** Host copies up to this size are kept beside the device's. */
const KEEP_ON_HOST = 4096;

/** The values of an evaluated tensor: on the host, on a device, or promised by work that is under way. */
export class Storage implements Stored {
  readonly dtype: DType;
  readonly length: number;
  #host: HostData | null;
  #block: Block | null = null;
  #offset = 0;
  /** What the block is yet to be filled from: the host's values, or a place on the shelf. */
  #filling: "host" | Block | null = null;
  #gone: string | null = null;
  /** Its buffer has been handed on. */
  #replaced = false;
  /** Work that has been handed over but not begun needs the values even if the user disposes of the tensor. */
  #pins = 0;
  #failure: Error | null = null;
  /** Where the work that makes the values was handed over. */
  #home: Device | null = null;
  /** What became of the work that made the values, once it has been given to the GPU. */
  outcome: Outcome | null = null;
  /** The call of a compiled function that returned this, and as which output; tells it its own state again. */
  origin: object | null = null;
  originOutput = -1;
  /** Whether the host copy stays, however large it is, so that the values outlive the device. */
  kept = false;

  constructor(dtype: DType, length: number, host: HostData | null = null) {
    this.dtype = dtype;
    this.length = length;
    this.#host = host;
  }

  get disposed(): boolean {
    return this.#gone !== null;
  }

  /** Why there are no values, if the work that should have made them failed. */
  get error(): Error | null {
    return this.#failure ?? this.outcome?.error ?? null;
  }

  get bytes(): number {
    return bufferBytes(this.dtype, this.length);
  }

  /** The host copy, when there is one. */
  get hostData(): HostData | null {
    return this.#host;
  }

  /** The device that has the values or will have them; null while they are on the host only. */
  get device(): Device | null {
    return this.#block?.device ?? this.#home;
  }

  /** Says where the values are being made. */
  promise(device: Device): void {
    this.#home = device;
  }

  fail(error: Error): void {
    this.#failure ??= error;
  }

  check(op: string): void {
    if (this.#gone !== null)
      throw new DisposedError(op, {
        problem: this.#gone,
        hint: "what replaced it, or a copy made before",
      });
    if (this.error) throw this.error;
  }

  /** The shared buffer that kernels find the values in, and where; null if they do not lie in one. */
  get seat(): { readonly block: Block; readonly offset: number } | null {
    return this.#block && !this.#block.held.shelved && this.#filling === null
      ? { block: this.#block, offset: this.#offset }
      : null;
  }

  /** Whether it has a buffer for itself. */
  get isAlone(): boolean {
    return this.#block !== null && !this.#block.held.shelved && this.#block.shares === 1;
  }

  /** Where the values lie on the device, for reading them back. */
  get region(): Region {
    const { buffer, offset } = (this.#block as Block).held;
    return { buffer, offset: offset + this.#offset };
  }

  /** This storage, or another with the same values if this one belongs to another device but has a host copy. */
  on(device: Device, by: string): Storage {
    const mine = this.#block?.device;
    if (!mine || mine === device) return this;
    if (!this.#host) {
      mine.check();
      throw new DeviceMismatchError(by, {
        problem: "operands live on two devices",
        got: { here: device.name, there: mine.name },
        hint: "data() there and tensor() here",
      });
    }
    if (!mine.isLost) return new Storage(this.dtype, this.length, this.#host);
    this.#releaseBlock();
    return this;
  }

  /** Makes sure that there is a buffer which kernels can use; `fill` then brings the values there. */
  reserve(device: Device): void {
    if (this.#block && !this.#block.held.shelved) return;
    const filling = this.#block ?? "host";
    this.#block = Block.allocate(device, this.bytes, "upload");
    this.#filling = filling;
    this.#offset = 0;
  }

  fill(copies: Copy[]): void {
    const filling = this.#filling;
    if (filling === null) return;
    this.#filling = null;
    const { device, buffer } = this.#block as Block;
    if (filling !== "host") {
      copies.push({ from: filling.held, to: { buffer, offset: 0 }, bytes: this.bytes });
      filling.release();
    } else if (this.length > 0) {
      const bytes = toDeviceBytes(this.dtype, this.#host as HostData);
      device.queue.writeBuffer(buffer.gpu, 0, bytes, 0, bytes.byteLength);
      if (this.bytes > KEEP_ON_HOST && !this.kept) this.#host = null;
    }
  }

  /** Undoes `reserve`. */
  unreserve(): void {
    if (this.#filling === null) return;
    this.#block?.release();
    this.#block = this.#filling === "host" ? null : this.#filling;
    this.#filling = null;
  }

  /** Moves into a block, which it then shares; the caller keeps its own share. */
  occupy(block: Block, offset: number): void {
    this.#block = block.retain();
    this.#offset = offset;
  }

  /** Says that `by` has replaced the values where they lay. */
  markReplaced(by: string): void {
    this.#host = null;
    this.#replaced = true;
    this.#gone = `the tensor's buffer was updated in place by ${by}`;
    this.#releaseBlock();
  }

  /** Takes over the buffer of `old`, which is gone from then on. */
  takeFrom(old: Storage, by: string): void {
    this.#block = old.#block;
    this.#offset = old.#offset;
    old.#block = null;
    old.markReplaced(by);
  }

  /** Becomes another handle on the values of `source`. */
  alias(source: Storage): void {
    this.#host = source.#host;
    this.outcome = source.outcome;
    if (!source.#block || source.#filling === "host") return;
    this.occupy(source.#filling ?? source.#block, source.#filling ? 0 : source.#offset);
  }

  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    if (--this.#pins === 0 && this.#gone !== null) this.#letGo();
  }

  dispose(why = "the tensor was disposed of"): void {
    if (this.#gone !== null) return;
    this.#gone = why;
    if (this.#pins === 0) this.#letGo();
  }

  /** Takes back a `dispose` that the pins have held up so far. */
  restore(): void {
    if (this.#pins > 0 && !this.#replaced) this.#gone = null;
  }

  /** Few values that have been read stay on the host, and their buffer is free for others. */
  keepOnHost(data: HostData): void {
    if (this.bytes > KEEP_ON_HOST || this.#gone !== null) return;
    this.#host = data;
    // The state of a loop keeps its buffer: it would only have to be uploaded again for the next step.
    if (this.#pins === 0 && (this.origin === null || this.#block?.held.shelved)) this.#releaseBlock();
  }

  #letGo(): void {
    this.#host = null;
    this.#releaseBlock();
  }

  #releaseBlock(): void {
    this.#block?.release();
    this.#block = null;
  }
}
