import type { PooledBuffer } from "./buffers.ts";
import type { Device } from "./device.ts";

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

interface Held extends Region {
  readonly device: Device;
  /** Whether it is a place on the shelf and not a buffer of its own. */
  readonly shelved: boolean;
}

function giveBack({ device, buffer, offset, shelved }: Held): void {
  if (device.isLost) return;
  if (shelved) device.shelf.give(buffer, offset);
  else device.buffers.release(buffer);
}

// What the registry holds does not lead to the block: else nothing would ever be freed.
const forgotten = new FinalizationRegistry<Held>(giveBack);

/**
 * A buffer, or a place on the shelf, and how many share it. It goes back when the last one lets go, or when none of
 * them can be reached any more.
 */
export class Block {
  readonly held: Held;
  #holders = 1;

  private constructor(held: Held) {
    this.held = held;
    forgotten.register(this, held, this);
  }

  /** A buffer, to be used once `device.buffers.granted()` has resolved. */
  static allocate(device: Device, bytes: number, what: string): Block {
    const buffer = device.buffers.acquire(Math.max(4, bytes), what);
    return new Block({ device, buffer, offset: 0, shelved: false });
  }

  /** A place for a small result that nobody has asked for yet; the same holds for it. */
  static shelve(device: Device): Block {
    return new Block({ device, ...device.shelf.take(), shelved: true });
  }

  get device(): Device {
    return this.held.device;
  }

  get buffer(): PooledBuffer {
    return this.held.buffer;
  }

  /** How many share it. Those that were dropped without `dispose()` still count. */
  get shares(): number {
    return this.#holders;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders > 0) return;
    forgotten.unregister(this);
    giveBack(this.held);
  }
}

/** Bytes of a place on the shelf, and of one board of it. */
export const PLACE_BYTES = 64;
const BOARD_BYTES = 256 * 1024;

/**
 * Where small results of compiled steps lie until somebody reads them. A loop that drops its losses unread would
 * otherwise take a new buffer for each until the garbage collector comes by. No kernel uses these buffers, so that
 * what lies beside each other never meets in one dispatch.
 */
export class Shelf {
  #places: Region[] = [];
  /** The last board that was asked for. */
  #board: PooledBuffer | null = null;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
  }

  take(): Region {
    const refused = this.#board?.refused ? this.#board : null;
    if (refused) {
      // There is no room on a board that the driver did not grant.
      this.#places = this.#places.filter(({ buffer }) => buffer !== refused);
      this.#device.buffers.release(refused);
      this.#board = null;
    }
    if (this.#places.length === 0) {
      const buffer = this.#device.buffers.acquire(BOARD_BYTES, "small results");
      this.#board = buffer;
      for (let offset = BOARD_BYTES - PLACE_BYTES; offset >= 0; offset -= PLACE_BYTES)
        this.#places.push({ buffer, offset });
    }
    return this.#places.pop() as Region;
  }

  give(buffer: PooledBuffer, offset: number): void {
    this.#places.push({ buffer, offset });
  }
}
