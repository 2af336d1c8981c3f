import { BadImage } from "./bad-image.ts";
import { type ImageHeader, MAX_PIXELS } from "./header.ts";

interface Chunk {
  readonly tag: string;
  readonly data: Uint8Array;
}

/** The coded picture of a file, or the first one of an animation, and where it lies on the canvas. */
interface Coded {
  readonly animated: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** `VP8 ` or `VP8L`. */
  readonly picture: Chunk;
  /** Opacity beside a lossy picture. */
  readonly opacity: Chunk | null;
}

/**
 * Decodes a WebP file, lossy or lossless, with opacity or without; of an animation the first picture.
 *
 * The container is read here, so that a file that was cut, or lies about its size, is found out before anything is
 * decoded: the decoder takes what is missing for zeros.
 */
export async function decodeWebp(
  bytes: Uint8Array,
  { width, height }: Pick<ImageHeader, "width" | "height">,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  const coded = firstPicture(bytes);
  const fits = coded.animated
    ? coded.x + coded.width <= width && coded.y + coded.height <= height
    : coded.width === width && coded.height === height;
  if (!fits) throw new BadImage("the WebP file is damaged: its picture is not of the size that it says");
  // The one module of the package that is needed.
  const { WebPDecoder } = await import("image-in-browser/lib/src/formats/webp-decoder.js");
  const image = new WebPDecoder().decode({ bytes: stillFile(coded) });
  if (!image) throw new BadImage("the WebP file is damaged");
  const own = opaqueOrNot(image.getBytes(), image.numChannels, coded);
  if (coded.width === width && coded.height === height) return { width, height, data: own };
  const data = new Uint8Array(width * height * 4); // clear around it
  for (let y = 0; y < coded.height; y++) {
    const row = own.subarray(y * coded.width * 4, (y + 1) * coded.width * 4);
    data.set(row, ((coded.y + y) * width + coded.x) * 4);
  }
  return { width, height, data };
}

function firstPicture(bytes: Uint8Array): Coded {
  const view = viewOf(bytes);
  const length = view.getUint32(4, true) + 8;
  if (length > bytes.length) throw new BadImage("the file was cut: its end is missing");
  const chunks = chunksOf(bytes.subarray(12, length));
  const frame = chunks.find(({ tag }) => tag === "ANMF");
  if (!frame) return { animated: false, x: 0, y: 0, ...codedIn(chunks) };
  const { data } = frame;
  if (data.length < 16) throw new BadImage("the WebP file is damaged: it has no picture");
  const found = codedIn(chunksOf(data.subarray(16)));
  return { animated: true, x: 2 * uint24(data, 0), y: 2 * uint24(data, 3), ...found };
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  const view = viewOf(bytes);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (at + 8 + size > bytes.length) throw new BadImage("the WebP file is damaged: a part of it is missing");
    const tag = String.fromCharCode(...bytes.subarray(at, at + 4));
    chunks.push({ tag, data: bytes.subarray(at + 8, at + 8 + size) });
    at += 8 + size + (size % 2);
  }
  return chunks;
}

function codedIn(chunks: readonly Chunk[]): Omit<Coded, "animated" | "x" | "y"> {
  const picture = chunks.find(({ tag }) => tag === "VP8 " || tag === "VP8L");
  if (!picture) throw new BadImage("the WebP file is damaged: it has no picture");
  const size = picture.tag === "VP8 " ? lossySize(picture.data) : losslessSize(picture.data);
  if (size.width * size.height > MAX_PIXELS) {
    throw new BadImage(
      `the image is too large: ${size.width} x ${size.height} (at most ${MAX_PIXELS} pixels)`,
    );
  }
  const opacity = picture.tag === "VP8 " ? chunks.find(({ tag }) => tag === "ALPH") : undefined;
  return { ...size, picture, opacity: opacity ?? null };
}

/** Source: RFC 6386, section 9.1. */
function lossySize(data: Uint8Array): { width: number; height: number } {
  const damaged = new BadImage("the WebP file is damaged at its start");
  if (data.length < 10 || data[3] !== 0x9d || data[4] !== 0x01 || data[5] !== 0x2a) throw damaged;
  const view = viewOf(data);
  const [width, height] = [view.getUint16(6, true) & 0x3fff, view.getUint16(8, true) & 0x3fff];
  const tag = uint24(data, 0);
  const [isKeyFrame, first] = [(tag & 1) === 0, tag >>> 5];
  if (!isKeyFrame || width === 0 || height === 0) throw damaged;
  if (10 + first > data.length) throw new BadImage("the WebP file is damaged: a part of it is missing");
  // How a block of 16 x 16 was predicted takes 3 bits and more, whatever it shows.
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  if (blocks * 3 > first * 8)
    throw new BadImage("the WebP file is damaged: its picture is smaller than it says");
  return { width, height };
}

function losslessSize(data: Uint8Array): { width: number; height: number } {
  if (data.length < 5 || data[0] !== 0x2f) throw new BadImage("the WebP file is damaged at its start");
  const bits = viewOf(data).getUint32(1, true);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** A file with one picture and nothing else. */
function stillFile({ width, height, picture, opacity }: Coded): Uint8Array {
  const extended = new Uint8Array(10);
  extended[0] = 0x10; // there is opacity
  const view = viewOf(extended);
  view.setUint16(4, width - 1, true);
  view.setUint16(7, height - 1, true);
  const chunks = opacity ? [{ tag: "VP8X", data: extended }, opacity, picture] : [picture];
  const parts = chunks.map(({ tag, data }) => chunkBytes(tag, data));
  const body = new Uint8Array(4 + parts.reduce((sum, part) => sum + part.length, 0));
  body.set(letters("WEBP"));
  let at = 4;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return chunkBytes("RIFF", body);
}

function chunkBytes(tag: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + data.length + (data.length % 2));
  bytes.set(letters(tag));
  viewOf(bytes).setUint32(4, data.length, true);
  bytes.set(data, 8);
  return bytes;
}

/** Four channels, whether there is opacity or not. */
function opaqueOrNot(bytes: Uint8Array, channels: number, { width, height }: Coded): Uint8Array {
  const pixels = width * height;
  if (bytes.length !== pixels * channels || channels < 3) throw new BadImage("the WebP file is damaged");
  if (channels === 4) return bytes;
  const data = new Uint8Array(pixels * 4).fill(255);
  for (let i = 0; i < pixels; i++) data.set(bytes.subarray(i * 3, i * 3 + 3), i * 4);
  return data;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const letters = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const uint24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) + ((bytes[at + 1] as number) << 8) + ((bytes[at + 2] as number) << 16);
