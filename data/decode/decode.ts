import { reason } from "../collection.ts";
import type { ImageKind } from "../formats/kind.ts";
import { decodePng } from "../png.ts";
import { BadImage } from "./bad-image.ts";
import { decodeBmp } from "./bmp.ts";
import { upright } from "./exif.ts";
import { decodeGif } from "./gif.ts";
import { type ImageHeader, readHeader } from "./header.ts";
import { decodeJpeg } from "./jpeg.ts";
import type { Picture } from "./picture.ts";
import { decodeOnPlatform, platformDecodes } from "./platform.ts";
import { decodeWebp } from "./webp.ts";

/**
 * Decodes a picture of a known kind.
 *
 * @throws {BadImage} If it is damaged, too large, or of a sort that this host cannot decode.
 */
export async function decodePicture(kind: ImageKind, bytes: Uint8Array): Promise<Picture> {
  const header = readHeader(kind, bytes);
  if (!header) throw new BadImage("the file was cut: it ends within its header");
  if (!hasEnd(kind, bytes)) throw new BadImage("the file was cut: its end is missing");
  try {
    return await decoders[kind](bytes, header);
  } catch (cause) {
    if (cause instanceof BadImage) throw cause;
    throw new BadImage(`the image is damaged: ${reason(cause)}`, { cause });
  }
}

/**
 * Whether the mark is there that ends a picture: some browsers show the rest of a cut one as grey. What follows the mark
 * may be long, such as the film that a telephone puts behind a photograph.
 */
function hasEnd(kind: ImageKind, bytes: Uint8Array): boolean {
  return kind === "jpeg" ? jpegEnds(bytes) : kind !== "png" || pngEnds(bytes);
}

/** Goes from segment to segment, since those of a header may hold pictures that have ends of their own. */
function jpegEnds(bytes: Uint8Array): boolean {
  for (let at = 2; ; ) {
    at = bytes.indexOf(0xff, at);
    const marker = bytes[at + 1];
    if (at < 0 || marker === undefined) return false;
    if (marker === 0xd9) return true;
    if (marker === 0xff)
      at++; // fill
    // Within a scan, which has no length, 255 is followed by 0 or by the number of a restart.
    else if (marker <= 1 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else at += 2 + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
  }
}

function pngEnds(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === IEND) return true;
  }
  return false;
}

/** The name of a PNG file's last chunk. */
const IEND = 0x49454e44;

type Decoder = (bytes: Uint8Array, header: ImageHeader) => Promise<Picture>;

/** Browsers decode these by themselves, and give photographs upright. */
const orHost = (kind: ImageKind, decode: Decoder): Decoder => {
  return async (bytes, header) =>
    platformDecodes() ? await decodeOnPlatform(bytes, `image/${kind}`) : await decode(bytes, header);
};

const decoders: Readonly<Record<ImageKind, Decoder>> = {
  png: decodePng,
  jpeg: orHost("jpeg", async (bytes, { orientation }) => {
    const { width, height, data } = await decodeJpeg(bytes);
    const turned = orientation >= 5;
    return {
      width: turned ? height : width,
      height: turned ? width : height,
      data: upright(data, [height, width, 4], orientation),
    };
  }),
  // Not by the browser: they differ on pictures that leave the screen, and show the rest of a cut one as clear.
  gif: async (bytes) => decodeGif(bytes),
  bmp: orHost("bmp", async (bytes) => decodeBmp(bytes)),
  webp: orHost("webp", decodeWebp),
};
