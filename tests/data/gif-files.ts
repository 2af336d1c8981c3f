// GIF files made by hand, with as little packing as the format allows.

export interface GifShape {
  readonly screen: readonly [width: number, height: number];
  readonly frame: readonly [left: number, top: number, width: number, height: number];
  /** The colour that is clear. */
  readonly clear?: number;
  readonly interlaced?: boolean;
  /** Of the comment before the picture, in bytes. */
  readonly comment?: number;
}

/** By their numbers. */
export const gifColours = [
  [200, 10, 20],
  [10, 200, 20],
  [10, 20, 200],
  [250, 250, 0],
] as const;

/** Bits of a code: four colours, the code that begins anew, and the one that ends. */
const CODE_BITS = 3;
const [ANEW, END] = [4, 5];

/** Pixel after pixel of the frame, as they are in the file, has the colours 0, 1, 2, 3, 0, and so on. */
export function gifFile({ screen, frame, clear, interlaced = false, comment = 0 }: GifShape) {
  const word = (value: number) => [value & 255, value >> 8];
  const [, , width, height] = frame;
  // Begun anew before each second pixel, codes never grow.
  const codes = Array.from({ length: width * height }, (_, i) => (i % 2 === 0 ? [ANEW, i % 4] : [i % 4]));
  const bits = [...codes.flat(), END].flatMap((code) =>
    Array.from({ length: CODE_BITS }, (_, i) => (code >> i) & 1),
  );
  const packed = Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((sum, bit, place) => sum + (bit << place), 0),
  );
  return Uint8Array.of(
    ...[..."GIF89a"].map((letter) => letter.charCodeAt(0)),
    ...[...screen.flatMap(word), 0x81, 0, 0],
    ...gifColours.flat(),
    ...(comment > 0 ? [0x21, 0xfe, ...blocks(new Array<number>(comment).fill(65))] : []),
    ...(clear === undefined ? [] : [0x21, 0xf9, 4, 1, 0, 0, clear, 0]),
    ...[0x2c, ...frame.flatMap(word), interlaced ? 0x40 : 0, 2],
    ...[...blocks(packed), 0x3b],
  );
}

/** Each with its length before it, and an empty one at the end. */
function blocks(bytes: readonly number[]): number[] {
  const count = Math.ceil(bytes.length / 255);
  const parts = Array.from({ length: count }, (_, i) => bytes.slice(255 * i, 255 * i + 255));
  return [...parts.flatMap((part) => [part.length, ...part]), 0];
}

/** A letter for each pixel, rows parted by "/": the colour's number, "." where it is clear. */
export function gifText({ width, height, data }: { width: number; height: number; data: ArrayLike<number> }) {
  const letter = (at: number): string => {
    const [r, g, b, opacity] = [data[at], data[at + 1], data[at + 2], data[at + 3]];
    if (opacity === 0) return ".";
    const found = gifColours.findIndex((colour) => colour.join() === [r, g, b].join());
    return found < 0 || opacity !== 255 ? "?" : String(found);
  };
  const row = (y: number) => Array.from({ length: width }, (_, x) => letter((y * width + x) * 4)).join("");
  return Array.from({ length: height }, (_, y) => row(y)).join("/");
}

/** First pictures that leave the screen, and what Chromium and Pillow show: the screen grows to hold them. */
export const gifShapes: readonly (readonly [what: string, shape: GifShape, shown: string])[] = [
  ["within the screen", { screen: [4, 2], frame: [1, 0, 2, 1] }, ".01./...."],
  ["to the right", { screen: [2, 2], frame: [1, 0, 3, 1] }, ".012/...."],
  ["at the bottom", { screen: [3, 1], frame: [0, 0, 2, 2] }, "01./23."],
  ["on both sides", { screen: [2, 2], frame: [1, 1, 2, 2] }, ".../.01/.23"],
  ["larger than the screen", { screen: [2, 2], frame: [0, 0, 3, 3] }, "012/301/230"],
  ["apart from the screen", { screen: [1, 1], frame: [2, 1, 2, 1] }, "..../..01"],
  ["a screen of 0 x 0", { screen: [0, 0], frame: [0, 0, 3, 2] }, "012/301"],
  ["a screen without columns", { screen: [0, 3], frame: [0, 0, 3, 2] }, "012/301/..."],
  ["with a clear colour", { screen: [2, 1], frame: [0, 0, 3, 2], clear: 1 }, "0.2/30."],
  ["in four passes", { screen: [1, 1], frame: [0, 1, 1, 5], interlaced: true }, "./0/3/2/0/1"],
];
