import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePicture } from "../../data/decode/decode.ts";
import { upright } from "../../data/decode/exif.ts";
import { fitPicture } from "../../data/decode/fit.ts";
import { BadImage, readHeader } from "../../data/decode/header.ts";
import { HEAD_BYTES, type ImageKind, isImageKind, kindOf } from "../../data/formats/kind.ts";
import { noise, type PictureName, pictureFile, pictureNames, picturePixels } from "./picture-files.ts";

const kindOfFile = (bytes: Uint8Array): ImageKind => {
  const kind = kindOf(bytes.subarray(0, HEAD_BYTES));
  if (!isImageKind(kind)) throw new Error(`${kind} is no image`);
  return kind;
};

/** Red, green and blue of each pixel. */
const rgb = (data: ArrayLike<number>): number[] => Array.from(data).filter((_, i) => i % 4 !== 3);

const exact: readonly PictureName[] = [
  "gif",
  "gifInterlaced",
  "gifAnimated",
  "bmp",
  "bmpPalette",
  "bmpOpacity",
];

test.each(exact)("%s: the pixels that were put in", async (name) => {
  const bytes = pictureFile(name);
  const { width, height, data } = await decodePicture(kindOfFile(bytes), bytes);
  expect([width, height]).toEqual([16, 8]);
  expect(rgb(data)).toEqual(Array.from(picturePixels));
  expect(data.filter((_, i) => i % 4 === 3)).toEqual(data.filter((_, i) => i % 4 === 3).fill(255));
});

test.each(["gif", "interlaced"] as const)("GIF with noise, %s", async (name) => {
  const { data } = await decodePicture("gif", noise[name]);
  expect(rgb(data)).toEqual(Array.from(noise.pixels).flatMap((grey) => [grey, grey, grey]));
});

test("BMP of two colours", async () => {
  const { data } = await decodePicture("bmp", pictureFile("bmpTwoColours"));
  expect(new Set(rgb(data))).toEqual(new Set([0, 255]));
});

// Half the colours' resolution blurs them across the green corner.
test.each<[PictureName, number]>([
  ["jpeg", 8],
  ["jpegProgressive", 8],
  ["jpegCmyk", 8],
  ["jpegHalfColour", 120],
])("%s: nearly the pixels that were put in", async (name, most) => {
  const { width, height, data } = await decodePicture("jpeg", pictureFile(name));
  expect([width, height]).toEqual([16, 8]);
  const gaps = rgb(data).map((value, i) => Math.abs(value - (picturePixels[i] as number)));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(most);
  expect(gaps.reduce((a, b) => a + b, 0) / gaps.length).toBeLessThan(most / 4);
});

test("grey JPEG files are known to be grey", async () => {
  const bytes = pictureFile("jpegGrey");
  expect(readHeader("jpeg", bytes)?.grey).toBe(true);
  const { data } = await decodePicture("jpeg", bytes);
  for (let i = 0; i < data.length; i += 4) expect([data[i], data[i]]).toEqual([data[i + 1], data[i + 2]]);
});

describe("photographs stand upright", () => {
  test("a picture on its side is turned clockwise", async () => {
    const bytes = pictureFile("jpegOnItsSide");
    expect(readHeader("jpeg", bytes)).toMatchObject({ width: 8, height: 16, orientation: 6 });
    const { width, height, data } = await decodePicture("jpeg", bytes);
    expect([width, height]).toEqual([8, 16]);
    const at = (x: number, y: number) => Array.from(data.subarray((y * 8 + x) * 4, (y * 8 + x) * 4 + 3));
    const near = (got: number[], want: number[]) =>
      got.forEach((value, c) => {
        expect(Math.abs(value - (want[c] as number))).toBeLessThan(8);
      });
    near(at(7, 0), [20, 200, 10]);
    near(at(0, 0), [200, 10, 20]);
    near(at(0, 15), [10, 20, 200]);
  });

  // Rows of the file, and what a person should see: a b c / d e f in each case.
  test.each([
    [1, "abcdef", 2, 3],
    [2, "cbafed", 2, 3],
    [3, "fedcba", 2, 3],
    [4, "defabc", 2, 3],
    [5, "adbecf", 3, 2],
    [6, "cfbead", 3, 2],
    [7, "fcebda", 3, 2],
    [8, "daebfc", 3, 2],
  ] as const)("orientation %i", (orientation, letters, height, width) => {
    const pixels = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const shown = upright(pixels, [height, width, 1], orientation);
    expect(String.fromCharCode(...shown)).toBe("abcdef");
  });
});

test("WebP is refused with a way out", async () => {
  await expect(decodePicture("webp", pictureFile("webp"))).rejects.toThrow("save it as PNG or JPEG");
  expect(readHeader("webp", pictureFile("webp"))).toMatchObject({ width: 16, height: 8 });
  expect(readHeader("webp", pictureFile("webpLossless"))).toMatchObject({ width: 16, height: 8 });
});

describe("fitting", () => {
  const white = { background: [255, 255, 255], fit: "cover" } as const;
  const data = Uint8Array.of(100, 0, 0, 255, 100, 0, 0, 0, 200, 200, 200, 127, 0, 0, 0, 255);

  test("what is not opaque shows the background", () => {
    const shown = fitPicture({ width: 4, height: 1, data }, { ...white, width: 4, height: 1, channels: 3 });
    expect(Array.from(shown)).toEqual([100, 0, 0, 255, 255, 255, 228, 228, 228, 0, 0, 0]);
  });

  test("grey is what the eye takes for brightness", () => {
    const shown = fitPicture({ width: 4, height: 1, data }, { ...white, width: 4, height: 1, channels: 1 });
    expect(Array.from(shown)).toEqual([30, 255, 228, 0]);
  });

  test("the middle is shown, or all of it", () => {
    const row = Uint8Array.from({ length: 8 * 4 }, (_, i) => (i % 4 === 3 ? 255 : 10 * (i >> 2)));
    const picture = { width: 8, height: 1, data: row };
    const size = { width: 2, height: 1, channels: 1 } as const;
    expect(Array.from(fitPicture(picture, { ...white, ...size }))).toEqual([30, 40]);
    const all = fitPicture(picture, { ...white, ...size, fit: "stretch" });
    expect(all[0]).toBeLessThan(25);
    expect(all[1]).toBeGreaterThan(45);
  });
});

test.each(pictureNames)("property: damage to %s gives a picture or BadImage", async (name) => {
  const bytes = pictureFile(name);
  const places = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(places, fc.nat(bytes.length), fc.boolean(), async (flips, length, cut) => {
      const damaged = bytes.slice(0, cut ? length : bytes.length);
      for (const [at, byte] of flips) if (at < damaged.length) damaged[at] = byte;
      try {
        const { width, height, data } = await decodePicture(kindOfFile(bytes), damaged);
        expect(data.length).toBe(width * height * 4);
      } catch (error) {
        expect(error).toBeInstanceOf(BadImage);
      }
    }),
    { numRuns: 150 },
  );
});
