import { reason } from "../collection.ts";
import type { ImageKind } from "../formats/kind.ts";
import { decodePng } from "../png.ts";
import { upright } from "./exif.ts";
import { BadImage, type ImageHeader, readHeader } from "./header.ts";
import { decodeJpeg } from "./jpeg.ts";

/** A decoded image: 8 bits a channel, not premultiplied, upright, rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 4]`: red, green, blue, opacity. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * Decodes a picture of a known kind.
 *
 * @throws {BadImage} If it is damaged, too large, or of a sort that this host cannot decode.
 */
export async function decodePicture(kind: ImageKind, bytes: Uint8Array): Promise<Picture> {
  const header = readHeader(kind, bytes);
  if (!header) throw new BadImage("the file was cut: it ends within its header");
  try {
    return await decoders[kind](bytes, header);
  } catch (cause) {
    if (cause instanceof BadImage) throw cause;
    throw new BadImage(`the image is damaged: ${reason(cause)}`, { cause });
  }
}

type Decoder = (bytes: Uint8Array, header: ImageHeader) => Promise<Picture>;

const unknown: Decoder = async (_, { kind }) => {
  throw new BadImage(`${kind.toUpperCase()} images cannot be decoded here; save it as PNG or JPEG`);
};

const decoders: Readonly<Record<ImageKind, Decoder>> = {
  png: decodePng,
  jpeg: async (bytes, { orientation }) => {
    const { width, height, data } = await decodeJpeg(bytes);
    const turned = orientation >= 5;
    return {
      width: turned ? height : width,
      height: turned ? width : height,
      data: upright(data, [height, width, 4], orientation),
    };
  },
  gif: unknown,
  bmp: unknown,
  webp: unknown,
};
