import { FileFormatError } from "../engine/io/errors.ts";
import { decodeOnPlatform, platformDecodes } from "./decode/platform.ts";

/** A decoded image: 8 bits a channel, not premultiplied, rows from the top. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 4;
  /** `[height, width, 4]`: red, green, blue, opacity. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_END = 24; // signature, length and name of the first chunk, width, height
const MAX_PIXELS = 2 ** 28; // 1 GiB decoded

/**
 * Decodes a PNG file to 8-bit RGBA.
 *
 * Browsers (pages and workers) use their own decoder; Node and Deno use the package `fast-png`, which
 * browsers do not load. Colour profiles and gamma are left alone, so the numbers are those of the file:
 * 16-bit samples are rounded to 8 bits, greyscale is repeated, palettes are looked up. Of an animation the
 * first picture is given.
 *
 * @param bytes The file. It may start anywhere in its buffer.
 * @returns The image. Opaque pixels are exact everywhere; browsers keep pictures premultiplied, so there
 *   colours under partial opacity may be off by rounding. A browser set to resist fingerprinting may alter
 *   what a canvas gives back.
 * @throws {FileFormatError} If the bytes are not a PNG file, are damaged, or have more than 2^28 pixels.
 *
 * Memory: 4 bytes a pixel, and as much again while decoding.
 *
 * @example
 *   const { width, height, data } = await decodePng(new Uint8Array(await file.arrayBuffer()));
 *
 * Source: data/png.ts.
 */
export async function decodePng(bytes: Uint8Array): Promise<RgbaImage> {
  if (bytes.length < HEADER_END || SIGNATURE.some((byte, at) => bytes[at] !== byte)) {
    throw new FileFormatError("png", { problem: "the file does not start like a PNG file", offset: 0 });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_END);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    const problem = `the picture is ${width} x ${height}; need 1 to ${MAX_PIXELS} pixels`;
    throw new FileFormatError("png", { problem, offset: 16 });
  }
  try {
    return platformDecodes() ? await decodeOnPlatform(bytes, "image/png") : await decodeInScript(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FileFormatError("png", { problem: `the file cannot be decoded: ${why}`, cause });
  }
}

async function decodeInScript(bytes: Uint8Array): Promise<RgbaImage> {
  const { convertIndexedToRgb, decode } = await import("fast-png");
  const png = decode(bytes, { checkCrc: true });
  const { width, height, depth, palette, transparency } = png;
  if (palette !== undefined && png.channels === 1) {
    const colours = convertIndexedToRgb(png);
    return toRgba(width, height, colours, colours.length / (width * height), 255, undefined);
  }
  const samples = depth < 8 ? unpack(png.data, width, height, depth) : png.data;
  return toRgba(width, height, samples, png.channels, 2 ** depth - 1, transparency);
}

/** Samples of 1, 2 or 4 bits, one an element; each row starts at a byte. */
function unpack(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const mask = 2 ** depth - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = packed[y * rowBytes + (bit >>> 3)] as number;
      samples[y * width + x] = (byte >>> (8 - depth - (bit & 7))) & mask;
    }
  }
  return samples;
}

/**
 * @param samples Grey, grey and opacity, RGB or RGBA, each 0 to `max`.
 * @param clear The one grey or colour that means transparent, where there is no opacity.
 */
function toRgba(
  width: number,
  height: number,
  samples: ArrayLike<number>,
  channels: number,
  max: number,
  clear: ArrayLike<number> | undefined,
): RgbaImage {
  const data = new Uint8Array(width * height * 4);
  const to8 = (sample: number): number => Math.round((sample * 255) / max);
  const isGrey = channels < 3;
  const hasOpacity = channels % 2 === 0;
  for (let from = 0, to = 0; to < data.length; from += channels, to += 4) {
    const red = samples[from] as number;
    const green = isGrey ? red : (samples[from + 1] as number);
    const blue = isGrey ? red : (samples[from + 2] as number);
    const isClear =
      clear !== undefined && red === clear[0] && (isGrey || (green === clear[1] && blue === clear[2]));
    data[to] = to8(red);
    data[to + 1] = to8(green);
    data[to + 2] = to8(blue);
    data[to + 3] = hasOpacity ? to8(samples[from + channels - 1] as number) : isClear ? 0 : 255;
  }
  return { width, height, channels: 4, data };
}
