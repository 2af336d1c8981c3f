import type { PooledBuffer, Region } from "./buffers.ts";
import type { Device } from "./device.ts";

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
