// PNG files made by hand: every kind of sample that the format has, without a library's opinion about it.
import { crc32, deflateSync } from "node:zlib";

interface Content {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and opacity, 6 RGB and opacity. */
  readonly colourType: number;
  /** Bytes of each row, not filtered. */
  readonly rows: readonly (readonly number[])[];
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
}

export function pngFile({
  width,
  height,
  depth,
  colourType,
  rows,
  palette,
  transparency,
}: Content): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType], 8);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      chunk("IHDR", header),
      ...(palette ? [chunk("PLTE", palette)] : []),
      ...(transparency ? [chunk("tRNS", transparency)] : []),
      chunk("IDAT", deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))),
      chunk("IEND", []),
    ]),
  );
}

function chunk(name: string, content: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(name, 4, "latin1");
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return bytes;
}

/** A picture of one colour. */
export function plainPng(
  width: number,
  height: number,
  colour: readonly [number, number, number],
): Uint8Array {
  const row = Array.from({ length: width }, () => colour).flat();
  return pngFile({ width, height, depth: 8, colourType: 2, rows: Array.from({ length: height }, () => row) });
}
