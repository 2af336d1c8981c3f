import type { ImageKind } from "../formats/kind.ts";
import { BadImage } from "./bad-image.ts";
import { type Orientation, readOrientation } from "./exif.ts";
import { firstFrame } from "./gif-frame.ts";

/** What a picture's file says before it is decoded. */
export interface ImageHeader {
  readonly kind: ImageKind;
  /** As it is shown: after the turn that a photograph asks for. */
  readonly width: number;
  readonly height: number;
  /** Whether it has no colours. */
  readonly grey: boolean;
  /** How to turn the decoded rows (EXIF); 1: not at all. */
  readonly orientation: Orientation;
}

/** Decoded, a picture of this size has 256 MiB. */
export const MAX_PIXELS = 2 ** 26;

/**
 * Reads size and kind of colours from the start of a picture's file; a photograph's header may be long.
 *
 * @returns Null where more bytes are needed.
 * @throws {BadImage} If the header is damaged or the picture too large to be decoded.
 */
export function readHeader(kind: ImageKind, bytes: Uint8Array): ImageHeader | null {
  const found = readers[kind](bytes);
  if (!found) return null;
  const { width, height } = found;
  if (!(width > 0 && height > 0)) throw new BadImage(`the image is ${width} x ${height}`);
  if (width * height > MAX_PIXELS) {
    throw new BadImage(`the image is too large: ${width} x ${height} (at most ${MAX_PIXELS} pixels)`);
  }
  const turned = found.orientation >= 5;
  return { ...found, kind, width: turned ? height : width, height: turned ? width : height };
}

type Found = Omit<ImageHeader, "kind">;
const readers: Readonly<Record<ImageKind, (bytes: Uint8Array) => Found | null>> = {
  png: readPng,
  jpeg: readJpeg,
  gif: readGif,
  bmp: readBmp,
  webp: readWebp,
};

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function readPng(bytes: Uint8Array): Found | null {
  if (bytes.length < 26) return null;
  const view = viewOf(bytes);
  const grey = bytes[25] === 0 || bytes[25] === 4;
  return { width: view.getUint32(16), height: view.getUint32(20), grey, orientation: 1 };
}

function readGif(bytes: Uint8Array): Found | null {
  const frame = firstFrame(bytes);
  return frame && { ...frame.screen, grey: false, orientation: 1 };
}

function readBmp(bytes: Uint8Array): Found | null {
  if (bytes.length < 26) return null;
  const view = viewOf(bytes);
  const old = view.getUint32(14, true) === 12; // OS/2
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = old ? view.getUint16(20, true) : Math.abs(view.getInt32(22, true));
  return { width, height, grey: false, orientation: 1 };
}

function readWebp(bytes: Uint8Array): Found | null {
  if (bytes.length < 30) return null;
  const view = viewOf(bytes);
  const chunk = String.fromCharCode(...bytes.subarray(12, 16));
  const found = { grey: false, orientation: 1 } as const;
  if (chunk === "VP8 ") {
    return { ...found, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (chunk === "VP8L") {
    const bits = view.getUint32(21, true);
    return { ...found, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk !== "VP8X") throw new BadImage("the WebP file is damaged at its start");
  const wide = (at: number) => view.getUint16(at, true) + ((bytes[at + 2] as number) << 16) + 1;
  return { ...found, width: wide(24), height: wide(27) };
}

/** Walks the segments up to the one that starts the picture. */
function readJpeg(bytes: Uint8Array): Found | null {
  const view = viewOf(bytes);
  let orientation: Orientation = 1;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) throw new BadImage("the JPEG file is damaged at its start");
    const marker = bytes[at + 1] as number;
    if (marker === 0xff) {
      at++; // fill
      continue;
    }
    const length = view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      if (at + 10 > bytes.length) return null;
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { width, height, grey: bytes[at + 9] === 1, orientation };
    }
    if (marker === 0xd9 || marker === 0xda) throw new BadImage("the JPEG file has no picture");
    if (length < 2) throw new BadImage("the JPEG file is damaged at its start");
    if (marker === 0xe1)
      orientation = readOrientation(bytes.subarray(at + 4, at + 2 + length)) ?? orientation;
    at += 2 + length;
  }
  return null;
}
