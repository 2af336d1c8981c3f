import { BadImage } from "./bad-image.ts";
import type { Picture } from "./picture.ts";

/** How the pixels lie: one after the other, or colours with masks of their own. */
const PLAIN = 0;
const MASKS = 3;
const MASKS_WITH_OPACITY = 6;

/**
 * Decodes a BMP file of 1, 4, 8, 16, 24 or 32 bits a pixel that is not packed.
 *
 * @throws {BadImage} If the file is damaged or packed.
 *
 * Source: data/decode/bmp.ts. Format: Microsoft, BITMAPINFOHEADER and its successors.
 */
export function decodeBmp(bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26) throw new BadImage("the file was cut");
  const pixelsAt = view.getUint32(10, true);
  const headerBytes = view.getUint32(14, true);
  const old = headerBytes === 12; // OS/2
  if (!old && (headerBytes < 40 || bytes.length < 14 + headerBytes)) throw new BadImage("the file was cut");
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = old ? view.getInt16(20, true) : view.getInt32(22, true);
  const height = Math.abs(rows);
  const depth = view.getUint16(old ? 24 : 28, true);
  const packing = old ? PLAIN : view.getUint32(30, true);
  if (![PLAIN, MASKS, MASKS_WITH_OPACITY].includes(packing)) {
    throw new BadImage("packed BMP images are not supported; save it as PNG");
  }
  if (![1, 4, 8, 16, 24, 32].includes(depth)) throw new BadImage(`the BMP file has ${depth} bits a pixel`);
  const stride = Math.ceil((width * depth) / 32) * 4;
  if (pixelsAt + stride * height > bytes.length) throw new BadImage("the file was cut");
  const colourOf =
    depth <= 8
      ? fromTable(bytes, 14 + headerBytes, old ? 3 : 4)
      : fromChannels(channelsOf(view, depth, packing, headerBytes));
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    // Rows come from the bottom unless the height is negative.
    const row = pixelsAt + stride * (rows > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x++) colourOf(pixelAt(view, row, x, depth), data, (y * width + x) * 4);
  }
  return { width, height, data };
}

/** The bits of a pixel. */
function pixelAt(view: DataView, row: number, x: number, depth: number): number {
  switch (depth) {
    case 32:
      return view.getUint32(row + 4 * x, true);
    case 24:
      return view.getUint16(row + 3 * x, true) + 65536 * view.getUint8(row + 3 * x + 2);
    case 16:
      return view.getUint16(row + 2 * x, true);
    default: {
      const bit = x * depth;
      return (view.getUint8(row + (bit >>> 3)) >>> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
}

type Paint = (pixel: number, data: Uint8Array, to: number) => void;

function fromTable(bytes: Uint8Array, start: number, step: number): Paint {
  return (pixel, data, to) => {
    const from = start + step * pixel;
    for (let c = 0; c < 3; c++) data[to + c] = bytes[from + 2 - c] ?? 0;
    data[to + 3] = 255;
  };
}

/** Where each of red, green, blue and opacity lies in a pixel. */
interface Channel {
  readonly shift: number;
  readonly max: number;
}

function channelsOf(view: DataView, depth: number, packing: number, headerBytes: number): (Channel | null)[] {
  const own = packing !== PLAIN;
  const usual = depth === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];
  return usual.map((mask, i) => {
    const given = i < 3 || packing === MASKS_WITH_OPACITY || headerBytes >= 56;
    const at = 54 + 4 * i;
    const bits = own && given && at + 4 <= view.byteLength ? view.getUint32(at, true) : mask;
    if (bits === 0) return null;
    const shift = 31 - Math.clz32(bits & -bits);
    return { shift, max: bits >>> shift };
  });
}

function fromChannels(channels: readonly (Channel | null)[]): Paint {
  return (pixel, data, to) => {
    channels.forEach((channel, c) => {
      const value = channel ? Math.round((((pixel >>> channel.shift) & channel.max) * 255) / channel.max) : 0;
      data[to + c] = c === 3 && !channel ? 255 : value;
    });
  };
}
