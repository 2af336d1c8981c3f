import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BadImage } from "../../data/decode/bad-image.ts";
import { decodePicture } from "../../data/decode/decode.ts";
import { upright } from "../../data/decode/exif.ts";
import { fitPicture } from "../../data/decode/fit.ts";
import { readHeader } from "../../data/decode/header.ts";
import { HEAD_BYTES, type ImageKind, isImageKind, kindOf } from "../../data/formats/kind.ts";
import { noise, type PictureName, pictureFile, pictureNames, picturePixels } from "./picture-files.ts";
import { plainPng } from "./png-files.ts";

const kindOfFile = (bytes: Uint8Array): ImageKind => {
  const kind = kindOf(bytes.subarray(0, HEAD_BYTES));
  if (!isImageKind(kind)) throw new Error(`${kind} is no image`);
  return kind;
};

/** Red, green and blue of each pixel. */
const rgb = (data: ArrayLike<number>): number[] => Array.from(data).filter((_, i) => i % 4 !== 3);

const exact: readonly PictureName[] = [
  "webpLossless",
  "webpAnimated",
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

describe("what stands behind a picture is nothing to it", () => {
  // As telephones put a film behind a photograph; longer than any note of a camera.
  const film = Uint8Array.from({ length: 100_000 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 0x7f);
  const followed = (bytes: Uint8Array) => Uint8Array.of(...bytes, ...film);
  const png = plainPng(16, 8, [1, 2, 3]);

  test.each<[string, Uint8Array]>([
    ["jpeg", pictureFile("jpeg")],
    ["jpegProgressive", pictureFile("jpegProgressive")],
    ["png", png],
  ])("%s", async (_, bytes) => {
    const { width, height } = await decodePicture(kindOfFile(bytes), followed(bytes));
    expect([width, height]).toEqual([16, 8]);
  });

  test("but a picture that was cut is still known to be", async () => {
    const jpeg = pictureFile("jpeg");
    // A camera's small picture in the header ends by itself.
    const thumbnail = [0xff, 0xe2, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
    const photograph = Uint8Array.of(...jpeg.subarray(0, 2), ...thumbnail, ...jpeg.subarray(2));
    await expect(decodePicture("jpeg", photograph)).resolves.toMatchObject({ width: 16 });
    for (const cut of [jpeg.slice(0, -30), photograph.slice(0, -30), followed(jpeg.slice(0, -30))]) {
      await expect(decodePicture("jpeg", cut)).rejects.toThrow("the file was cut");
    }
    await expect(decodePicture("png", png.slice(0, -12))).rejects.toThrow("its end is missing");
  });
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

describe("WebP", () => {
  const decoded = (name: PictureName) => decodePicture("webp", pictureFile(name));
  const opacity = Array.from({ length: 8 * 16 }, (_, i) => (i % 16 < 4 && i < 64 ? 0 : 255));
  const alpha = ({ data }: { data: ArrayLike<number> }) => Array.from(data).filter((_, i) => i % 4 === 3);

  test.each(["webp", "webpLossless", "webpOpacity", "webpOpacityLossy", "webpAnimated"] as const)(
    "%s has its size in its header",
    (name) => {
      expect(readHeader("webp", pictureFile(name))).toMatchObject({ width: 16, height: 8 });
    },
  );

  test("with opacity, which is exact where colours are not", async () => {
    const lossless = await decoded("webpOpacity");
    expect(alpha(lossless)).toEqual(opacity);
    expect(rgb(lossless.data)).toEqual(Array.from(picturePixels));
    const lossy = await decoded("webpOpacityLossy");
    expect(alpha(lossy)).toEqual(opacity);
    // Away from the edges, across which colours are blurred.
    const gaps = rgb(lossy.data).map((value, i) => Math.abs(value - (picturePixels[i] as number)));
    const inside = gaps.filter((_, i) => [5, 6, 10, 11, 12, 13].includes(Math.floor(i / 3) % 16));
    expect(Math.max(...inside)).toBeLessThan(8);
  });

  test("of a part of the canvas leaves the rest clear", async () => {
    // The animation's first picture, moved to the right by two and down by two, on a canvas as much larger.
    const bytes = pictureFile("webpAnimated");
    const view = new DataView(bytes.buffer);
    const frame = String.fromCharCode(...bytes).indexOf("ANMF");
    view.setUint16(24, 16 + 2 - 1, true);
    view.setUint16(27, 8 + 2 - 1, true);
    bytes[frame + 8] = 1;
    bytes[frame + 11] = 1;
    const { width, height, data } = await decodePicture("webp", bytes);
    expect([width, height]).toEqual([18, 10]);
    const at = (x: number, y: number) => Array.from(data.subarray((y * 18 + x) * 4, (y * 18 + x) * 4 + 4));
    expect([at(0, 0), at(1, 5), at(9, 1)]).toEqual(Array(3).fill([0, 0, 0, 0]));
    expect([at(2, 2), at(17, 9)]).toEqual([
      [20, 200, 10, 255],
      [10, 20, 200, 255],
    ]);
  });

  // What is missing would be taken for zeros, and what is said would be believed.
  const files = ["webp", "webpLossless", "webpOpacityLossy", "webpAnimated"] as const;
  test.each(files)("%s that was cut anywhere is refused", async (name) => {
    const bytes = pictureFile(name);
    for (let length = 12; length < bytes.length; length++) {
      await expect(decodePicture("webp", bytes.slice(0, length)), `${length}`).rejects.toThrow(BadImage);
    }
  });

  test.each([
    ["webp", 26, "smaller than it says"],
    ["webpLossless", 22, "damaged"],
    ["webpOpacityLossy", 24, "not of the size that it says"],
  ] as const)("%s that lies about its size is refused before anything is decoded", async (name, at, why) => {
    const bytes = pictureFile(name);
    new DataView(bytes.buffer).setUint16(at, 8000, true);
    await expect(decodePicture("webp", bytes)).rejects.toThrow(why);
  });
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
