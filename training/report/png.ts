import { crc32 } from "../../data/archive/crc32.ts";

/** A picture, 8 bits a channel: grey or RGB, rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `[height, width, channels]` */
  readonly data: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = 0;
const RGB = 2;

/**
 * A picture as the bytes of a PNG file. The platform compresses, so the bytes may differ between hosts; the pixels do not.
 *
 * Source: training/report/png.ts. Format: W3C PNG, third edition.
 */
export async function encodePng({
  width,
  height,
  channels,
  data,
}: Picture): Promise<Uint8Array<ArrayBuffer>> {
  if (data.length !== width * height * channels || data.length === 0) {
    throw new RangeError(
      `encodePng: ${data.length} values are no picture of ${width} x ${height} x ${channels}`,
    );
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? GREY : RGB], 8);
  const content = await deflate(filtered(data, width * channels, height, channels));
  return joined([
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", content),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** A picture as the address of an image in a page. */
export async function pngAddress(picture: Picture): Promise<string> {
  return `data:image/png;base64,${base64(await encodePng(picture))}`;
}

type Predict = (left: number, up: number, corner: number) => number;

/** The filters of the format, by number. */
const predictors: readonly Predict[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => {
    const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
    return a <= b && a <= c ? left : b <= c ? up : corner;
  },
];

/** Each row as what its neighbours do not foretell, by the filter that leaves the smallest numbers. */
function filtered(data: Uint8Array, stride: number, height: number, step: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array((stride + 1) * height);
  const trial = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    let least = Number.POSITIVE_INFINITY;
    predictors.forEach((predict, number) => {
      let sum = 0;
      for (let x = 0; x < stride; x++) {
        const at = y * stride + x;
        const left = x >= step ? (data[at - step] as number) : 0;
        const up = y > 0 ? (data[at - stride] as number) : 0;
        const corner = x >= step && y > 0 ? (data[at - stride - step] as number) : 0;
        const rest = ((data[at] as number) - predict(left, up, corner)) & 255;
        trial[x] = rest;
        sum += rest < 128 ? rest : 256 - rest;
      }
      if (sum >= least) return;
      least = sum;
      result[y * (stride + 1)] = number;
      result.set(trial, y * (stride + 1) + 1);
    });
  }
  return result;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(name: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Bytes as text of the alphabet that addresses and scripts carry. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}
