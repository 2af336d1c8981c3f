import { BadImage } from "./header.ts";
import type { Picture } from "./picture.ts";

const HEADER = 13;
const EXTENSION = 0x21;
const FRAME = 0x2c;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
/** Codes of LZW have at most 12 bits. */
const MAX_CODES = 4096;
/** First rows and distances of the rows of the four passes of an interlaced picture. */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

/**
 * Decodes a GIF file: of an animation the first picture.
 *
 * @throws {BadImage} If the file is damaged.
 *
 * Source: data/decode/gif.ts. Format: CompuServe, Graphics Interchange Format 89a.
 */
export function decodeGif(bytes: Uint8Array): Picture {
  const byte = (at: number): number => {
    const value = bytes[at];
    if (value === undefined) throw new BadImage("the file was cut");
    return value;
  };
  const word = (at: number): number => byte(at) + 256 * byte(at + 1);
  const [width, height] = [word(6), word(8)];
  let at = HEADER;
  const colours = (flags: number): Uint8Array | null => {
    if ((flags & 0x80) === 0) return null;
    const length = 3 * 2 ** ((flags & 7) + 1);
    const table = bytes.subarray(at, at + length);
    at += length;
    return table;
  };
  const shared = colours(byte(10));
  let clear = -1;
  for (;;) {
    const block = byte(at++);
    if (block === TRAILER) throw new BadImage("the GIF file has no picture");
    if (block === EXTENSION) {
      const isControl = byte(at) === GRAPHIC_CONTROL && (byte(at + 2) & 1) === 1;
      if (isControl) clear = byte(at + 5);
      at++;
      while (byte(at) !== 0) at += byte(at) + 1;
      at++;
    } else if (block === FRAME) {
      const frame = { left: word(at), top: word(at + 2), width: word(at + 4), height: word(at + 6) };
      const flags = byte(at + 8);
      at += 9;
      const table = colours(flags) ?? shared;
      if (!table) throw new BadImage("the GIF file has no colours");
      if (frame.left + frame.width > width || frame.top + frame.height > height) {
        throw new BadImage("the GIF file's picture lies outside of its frame");
      }
      const bits = byte(at);
      const indices = unpack(bytes, at + 1, bits, frame.width * frame.height);
      return paint({ width, height }, frame, indices, table, clear, (flags & 0x40) !== 0);
    } else throw new BadImage("the GIF file is damaged");
  }
}

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function paint(
  { width, height }: { width: number; height: number },
  frame: Frame,
  indices: Uint8Array,
  table: Uint8Array,
  clear: number,
  interlaced: boolean,
): Picture {
  const data = new Uint8Array(width * height * 4);
  const rows = interlaced
    ? PASSES.flatMap(([first, step]) => {
        const count = Math.max(0, Math.ceil((frame.height - first) / step));
        return Array.from({ length: count }, (_, i) => first + i * step);
      })
    : Array.from({ length: frame.height }, (_, i) => i);
  let from = 0;
  for (const row of rows) {
    let to = ((frame.top + row) * width + frame.left) * 4;
    for (let x = 0; x < frame.width; x++, to += 4) {
      const index = indices[from++] as number;
      if (index === clear) continue;
      for (let c = 0; c < 3; c++) data[to + c] = table[3 * index + c] ?? 0;
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}

/** Undoes LZW with codes of growing length, whose bytes lie in blocks of up to 255. */
function unpack(bytes: Uint8Array, start: number, minBits: number, count: number): Uint8Array {
  if (minBits < 1 || minBits > 11) throw new BadImage("the GIF file is damaged");
  const [reset, end] = [2 ** minBits, 2 ** minBits + 1];
  const result = new Uint8Array(count);
  const prefix = new Uint16Array(MAX_CODES);
  const suffix = new Uint8Array(MAX_CODES);
  const lengths = new Uint16Array(MAX_CODES);
  for (let code = 0; code < reset; code++) [suffix[code], lengths[code]] = [code, 1];
  let [next, bits, before] = [end + 1, minBits + 1, -1];
  let [at, left, pool, held] = [start, 0, 0, 0];
  let filled = 0;
  while (filled < count) {
    while (held < bits) {
      if (left === 0) left = bytes[at++] ?? 0;
      const value = bytes[at++];
      if (left-- === 0 || value === undefined) throw new BadImage("the file was cut");
      pool |= value << held;
      held += 8;
    }
    const code = pool & (2 ** bits - 1);
    pool >>>= bits;
    held -= bits;
    if (code === end) throw new BadImage("the GIF file ends before its picture");
    if (code === reset) {
      [next, bits, before] = [end + 1, minBits + 1, -1];
      continue;
    }
    if (code > next || (code === next && before < 0)) throw new BadImage("the GIF file is damaged");
    // The code that is about to be made is the one before and that one's first letter.
    const source = code === next ? before : code;
    const length = (lengths[source] as number) + (code === next ? 1 : 0);
    let letter = source;
    for (let to = filled + (lengths[source] as number) - 1; to >= filled; to--) {
      if (to < count) result[to] = suffix[letter] as number;
      if (to > filled) letter = prefix[letter] as number;
    }
    const first = suffix[letter] as number;
    if (code === next && filled + length - 1 < count) result[filled + length - 1] = first;
    filled += length;
    if (before >= 0 && next < MAX_CODES) {
      prefix[next] = before;
      suffix[next] = first;
      lengths[next] = (lengths[before] as number) + 1;
      next++;
      if (next === 2 ** bits && bits < 12) bits++;
    }
    before = code;
  }
  return result;
}
