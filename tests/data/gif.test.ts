import { describe, expect, test } from "vitest";
import { BadImage } from "../../data/decode/bad-image.ts";
import { decodePicture } from "../../data/decode/decode.ts";
import { readHeader } from "../../data/decode/header.ts";
import { openImages } from "../../data/open-images.ts";
import { gifFile, gifShapes, gifText } from "./gif-files.ts";

describe("a GIF's first picture that leaves the screen makes it larger", () => {
  test.each(gifShapes)("%s", async (_, shape, shown) => {
    const bytes = gifFile(shape);
    const picture = await decodePicture("gif", bytes);
    expect(gifText(picture)).toBe(shown);
    expect(readHeader("gif", bytes)).toMatchObject({ width: picture.width, height: picture.height });
  });

  test("the header wants bytes up to the picture's size", () => {
    const bytes = gifFile({ screen: [2, 2], frame: [0, 0, 5, 3], comment: 5000 });
    const end = bytes.lastIndexOf(0x2c) + 10;
    expect(readHeader("gif", bytes.subarray(0, end))).toMatchObject({ width: 5, height: 3 });
    for (const length of [10, 13, 20, 25, 4096, end - 1]) {
      expect(readHeader("gif", bytes.subarray(0, length)), `${length}`).toBeNull();
    }
  });

  test("such files are opened, past a long comment, too", async () => {
    const bytes = gifFile({ screen: [1, 1], frame: [0, 0, 6, 4], comment: 70_000 });
    const { train } = await openImages([new File([bytes], "1.gif")]);
    expect(train.skipped).toEqual([]);
    expect(train.images).toMatchObject({ count: 1, height: 4, width: 4 });
  });

  test("unless it would be too large, or nothing at all", () => {
    const huge = gifFile({ screen: [1, 1], frame: [60_000, 60_000, 1, 1] });
    expect(() => readHeader("gif", huge)).toThrow("too large: 60001 x 60001");
    const nothing = gifFile({ screen: [0, 0], frame: [0, 0, 0, 0] });
    expect(() => readHeader("gif", nothing)).toThrow("the image is 0 x 0");
  });
});

test("a GIF file without a picture, or that was cut, is refused", async () => {
  const bytes = gifFile({ screen: [4, 2], frame: [0, 0, 4, 2] });
  const empty = Uint8Array.of(...bytes.subarray(0, 25), 0x3b);
  await expect(decodePicture("gif", empty)).rejects.toThrow("the GIF file has no picture");
  // Without the end of the pixels, the mark after them and that of the file, nothing is missing.
  for (let length = 6; length < bytes.length - 3; length++) {
    await expect(decodePicture("gif", bytes.slice(0, length)), `${length}`).rejects.toThrow(BadImage);
  }
});
