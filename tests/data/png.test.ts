import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePng } from "../../data/png.ts";
import { FileFormatError } from "../../engine/io/errors.ts";
import { pngFile } from "./png-files.ts";

const rgb = pngFile({
  width: 2,
  height: 2,
  depth: 8,
  colourType: 2,
  rows: [
    [255, 0, 0, 0, 255, 0],
    [0, 0, 255, 1, 2, 3],
  ],
});
const rgbPixels = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 1, 2, 3, 255];

test.each<[string, Uint8Array, number[]]>([
  ["RGB, 8 bits", rgb, rgbPixels],
  [
    "RGB, 16 bits, rounded",
    pngFile({ width: 1, height: 1, depth: 16, colourType: 2, rows: [[0x80, 0x00, 0x00, 0x7f, 0xff, 0xff]] }),
    [128, 0, 255, 255],
  ],
  [
    "RGB with a clear colour",
    pngFile({
      width: 3,
      height: 1,
      depth: 8,
      colourType: 2,
      rows: [[9, 8, 7, 9, 8, 6, 9, 8, 7]],
      transparency: [0, 9, 0, 8, 0, 7],
    }),
    [9, 8, 7, 0, 9, 8, 6, 255, 9, 8, 7, 0],
  ],
  [
    "RGBA, 8 bits",
    pngFile({
      width: 1,
      height: 2,
      depth: 8,
      colourType: 6,
      rows: [
        [10, 20, 30, 40],
        [1, 2, 3, 0],
      ],
    }),
    [10, 20, 30, 40, 1, 2, 3, 0],
  ],
  [
    "grey, 1 bit, rows that end inside a byte",
    pngFile({
      width: 9,
      height: 2,
      depth: 1,
      colourType: 0,
      rows: [
        [0b10101010, 0x80],
        [0x00, 0x7f],
      ],
    }),
    [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0].flatMap((bit) => [
      bit * 255,
      bit * 255,
      bit * 255,
      255,
    ]),
  ],
  [
    "grey, 2 bits",
    pngFile({ width: 4, height: 1, depth: 2, colourType: 0, rows: [[0b00011011]] }),
    [0, 85, 170, 255].flatMap((grey) => [grey, grey, grey, 255]),
  ],
  [
    "grey, 4 bits, with a clear grey",
    pngFile({ width: 3, height: 1, depth: 4, colourType: 0, rows: [[0x0f, 0x50]], transparency: [0, 15] }),
    [0, 0, 0, 255, 255, 255, 255, 0, 85, 85, 85, 255],
  ],
  [
    "grey and opacity",
    pngFile({ width: 2, height: 1, depth: 8, colourType: 4, rows: [[100, 200, 50, 0]] }),
    [100, 100, 100, 200, 50, 50, 50, 0],
  ],
  [
    "palette, 2 bits",
    pngFile({
      width: 3,
      height: 2,
      depth: 2,
      colourType: 3,
      rows: [[0b00011000], [0b10010000]],
      palette: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    }),
    [1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 7, 8, 9, 255, 4, 5, 6, 255, 1, 2, 3, 255],
  ],
  [
    "palette with opacity",
    pngFile({
      width: 2,
      height: 1,
      depth: 8,
      colourType: 3,
      rows: [[1, 0]],
      palette: [1, 2, 3, 4, 5, 6],
      transparency: [128],
    }),
    [4, 5, 6, 255, 1, 2, 3, 128],
  ],
])("%s", async (_, bytes, pixels) => {
  const room = new Uint8Array(bytes.length + 5);
  room.set(bytes, 5);
  for (const place of [bytes, room.subarray(5)]) {
    const { width, height, channels, data } = await decodePng(place);
    expect(width * height * channels).toBe(data.length);
    expect(Array.from(data)).toEqual(pixels);
  }
});

test.each<[string, Uint8Array, string]>([
  ["no bytes", new Uint8Array(0), "does not start like a PNG file"],
  ["another format", new Uint8Array(100), "does not start like a PNG file"],
  ["no width", rgb.with(19, 0), "the picture is 0 x 2"],
  ["too many pixels", rgb.with(16, 127).with(20, 127), "need 1 to 268435456 pixels"],
  ["cut short", rgb.subarray(0, rgb.length - 20), "cannot be decoded"],
  ["a flipped byte", rgb.with(45, (rgb[45] as number) ^ 1), "cannot be decoded"],
  ["an unknown colour type", rgb.with(25, 5), "cannot be decoded"],
])("refuses %s", async (_, bytes, problem) => {
  const failure = await decodePng(bytes).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FileFormatError);
  expect((failure as FileFormatError).problem).toContain(problem);
});

test("property: damage gives a picture of the size in the header, or FileFormatError", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(rgb.length - 1), fc.nat(255), fc.nat(rgb.length), async (at, byte, length) => {
      try {
        const { width, height, data } = await decodePng(rgb.with(at, byte).subarray(0, length));
        expect(data.length).toBe(width * height * 4);
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
      }
    }),
    { numRuns: 500 },
  );
});
