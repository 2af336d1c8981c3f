import { reason } from "../collection.ts";
import type { ImageKind } from "../formats/kind.ts";
import { decodePng } from "../png.ts";
import { decodeBmp } from "./bmp.ts";
import { upright } from "./exif.ts";
import { decodeGif } from "./gif.ts";
import { BadImage, type ImageHeader, readHeader } from "./header.ts";
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

/** What follows the last of a picture's own bytes, such as a camera's notes, may be so long. */
const MAX_TRAILER = 2 ** 16;

/** Whether the mark is there that ends a picture: some browsers show the rest of a cut one as grey. */
function hasEnd(kind: ImageKind, bytes: Uint8Array): boolean {
  const mark = kind === "jpeg" ? [0xff, 0xd9] : kind === "png" ? [0x49, 0x45, 0x4e, 0x44] : [];
  const last = bytes.length - mark.length;
  for (let at = last; at >= Math.max(0, last - MAX_TRAILER); at--) {
    if (mark.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}

type Decoder = (bytes: Uint8Array, header: ImageHeader) => Promise<Picture>;

/** Browsers decode by themselves, and give photographs upright. */
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
  gif: orHost("gif", async (bytes) => decodeGif(bytes)),
  bmp: orHost("bmp", async (bytes) => decodeBmp(bytes)),
  webp: orHost("webp", decodeWebp),
};
