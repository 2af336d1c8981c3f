import { BadImage } from "./bad-image.ts";
import { firstFrame, type GifFrame } from "./gif-frame.ts";
import type { Picture } from "./picture.ts";

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
  const frame = firstFrame(bytes);
  const bits = frame && bytes[frame.at];
  if (!frame || bits === undefined || bits === null) throw new BadImage("the file was cut");
  if (!frame.table) throw new BadImage("the GIF file has no colours");
  return paint(frame, frame.table, unpack(bytes, frame.at + 1, bits, frame.width * frame.height));
}

function paint(frame: GifFrame, table: Uint8Array, indices: Uint8Array): Picture {
  const { width, height } = frame.screen;
  const data = new Uint8Array(width * height * 4);
  const rows = frame.interlaced
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
      if (index === frame.clear) continue;
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
