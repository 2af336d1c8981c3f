import type { BufferPool, PooledBuffer, Region } from "./buffers.ts";

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
  readonly #buffers: BufferPool;

  constructor(buffers: BufferPool) {
    this.#buffers = buffers;
  }

  take(): Region {
    const refused = this.#board?.refused ? this.#board : null;
    if (refused) {
      // There is no room on a board that the driver did not grant.
      this.#places = this.#places.filter(({ buffer }) => buffer !== refused);
      this.#buffers.release(refused);
      this.#board = null;
    }
    if (this.#places.length === 0) {
      const buffer = this.#buffers.acquire(BOARD_BYTES, "small results");
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
