import { BadImage } from "./bad-image.ts";

const HEADER = 13;
const EXTENSION = 0x21;
const FRAME = 0x2c;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
/** Of the words before a frame's colours. */
const FRAME_HEADER = 9;

/** The first picture of a GIF file, and where it lies. */
export interface GifFrame {
  /** Of the screen, which holds the whole frame. */
  readonly screen: { readonly width: number; readonly height: number };
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  /** Red, green and blue of each colour; null where the file has none. */
  readonly table: Uint8Array | null;
  /** The colour that is clear; -1: none. */
  readonly clear: number;
  /** Where its packed pixels begin. */
  readonly at: number;
}

/**
 * Finds the first picture. Where it reaches outside of the screen that the file speaks of, or the screen has no size at
 * all, the screen grows to the right and to the bottom until it holds it, as Chromium and Pillow have it.
 *
 * @returns Null where more bytes are needed.
 * @throws {BadImage} If there is no picture, or something else than blocks.
 */
export function firstFrame(bytes: Uint8Array): GifFrame | null {
  const byte = (at: number): number => bytes[at] ?? 0;
  const word = (at: number): number => byte(at) + 256 * byte(at + 1);
  const tableLength = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  const tableAt = (at: number, flags: number): Uint8Array | null =>
    (flags & 0x80) === 0 ? null : bytes.subarray(at, at + tableLength(flags));
  const shared = tableAt(HEADER, byte(10));
  let clear = -1;
  for (let at = HEADER + tableLength(byte(10)); at < bytes.length; ) {
    const block = byte(at++);
    if (block === TRAILER) throw new BadImage("the GIF file has no picture");
    if (block === EXTENSION) {
      const isControl = byte(at) === GRAPHIC_CONTROL && (byte(at + 2) & 1) === 1;
      if (isControl) clear = byte(at + 5);
      at++;
      while (byte(at) !== 0) at += byte(at) + 1;
      at++;
    } else if (block === FRAME) {
      const [left, top, width, height] = [word(at), word(at + 2), word(at + 4), word(at + 6)];
      const flags = byte(at + 8);
      at += FRAME_HEADER;
      if (at > bytes.length) return null;
      return {
        screen: { width: Math.max(word(6), left + width), height: Math.max(word(8), top + height) },
        ...{ left, top, width, height, clear },
        interlaced: (flags & 0x40) !== 0,
        table: tableAt(at, flags) ?? shared,
        at: at + tableLength(flags),
      };
    } else throw new BadImage("the GIF file is damaged");
  }
  return null;
}
