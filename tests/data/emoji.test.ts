import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { EmojiPack } from "../../data/emoji.ts";
import { emojiImages, emojiSplit, emojiVendors, loadEmoji } from "../../data/emoji.ts";
import { fileReader } from "../../data/files.ts";
import { decodePng } from "../../data/png.ts";
import { FileFormatError } from "../../engine/io/errors.ts";
import { describeWithShared } from "../support/shared.ts";

const read = fileReader(new URL("../../data/emoji/", import.meta.url));
const drawing = 32 * 32 * 3;
let pack: EmojiPack;
beforeAll(async () => {
  pack = await loadEmoji({ read });
});

describe("the bundled pack", () => {
  test("has 1,636 emoji of 2 vendors in 8 categories", () => {
    expect(pack.count).toBe(1636);
    expect(pack.items).toHaveLength(1636);
    expect(pack.labels).toHaveLength(1636);
    expect(Object.keys(pack.images)).toEqual(["noto", "twemoji"]);
    for (const vendor of emojiVendors) expect(pack.images[vendor]).toHaveLength(1636 * drawing);
    expect(pack.categories).toHaveLength(8);
    expect(new Set(pack.labels).size).toBe(8);
  });

  test("names its emoji", () => {
    expect(pack.items[0]).toEqual({
      index: 0,
      emoji: "\u{1f600}",
      code: "1F600",
      name: "GRINNING FACE",
      category: "Smileys & Emotion",
      subcategory: "face-smiling",
    });
    expect(new Set(pack.items.map(({ emoji }) => emoji)).size).toBe(1636);
    pack.items.forEach(({ index, category }, at) => {
      expect(index).toBe(at);
      expect(pack.categories[pack.labels[at] as number]).toBe(category);
    });
  });

  test("draws them over white: corners are mostly white, centres are mostly not", () => {
    for (const vendor of emojiVendors) {
      const pixel = (index: number, at: number) =>
        Math.min(...pack.images[vendor].subarray(index * drawing + at * 3, index * drawing + at * 3 + 3));
      const share = (at: number) =>
        pack.items.filter(({ index }) => pixel(index, at) > 250).length / pack.count;
      expect(share(0)).toBeGreaterThan(0.8);
      expect(share(16 * 32 + 16)).toBeLessThan(0.3);
    }
  });

  test("is at most 5 MB and carries its licences", async () => {
    const files = await Promise.all(["noto.png", "twemoji.png", "index.json"].map(read));
    expect(files.reduce((sum, bytes) => sum + bytes.length, 0)).toBeLessThan(5e6);
    const notice = new TextDecoder().decode(await read("ATTRIBUTION.md"));
    for (const part of [
      "Noto Emoji",
      "Google LLC",
      "Apache License 2.0",
      "Twemoji",
      "Twitter, Inc.",
      "CC BY 4.0",
    ]) {
      expect(notice).toContain(part);
    }
    expect(new TextDecoder().decode(await read("LICENSE-APACHE-2.0.txt"))).toContain("Apache License");
  });
});

describe("the split", () => {
  test("holds out every fifth emoji, 328 of them", () => {
    const { train, heldOut } = emojiSplit(pack);
    expect(heldOut).toHaveLength(328);
    expect(heldOut.slice(0, 3)).toEqual([0, 5, 10]);
    expect(heldOut.at(-1)).toBe(1635);
    expect(train.slice(0, 5)).toEqual([1, 2, 3, 4, 6]);
    expect(new Set([...train, ...heldOut]).size).toBe(1636);
  });

  test("gives 2,616 images for training and 328 a vendor for retrieval", () => {
    const { train, heldOut } = emojiSplit(pack);
    const images = emojiImages(pack, train);
    expect(images.count).toBe(2616);
    expect(images.data).toHaveLength(2616 * drawing);
    expect(images.vendors.slice(1307, 1309)).toEqual(["noto", "twemoji"]);
    expect(images.indices.slice(1307, 1309)).toEqual([1634, 1]);
    expect(images.data.subarray(1308 * drawing, 1309 * drawing)).toEqual(
      pack.images.twemoji.subarray(drawing, 2 * drawing),
    );
    expect(emojiImages(pack, heldOut, { vendors: ["twemoji"] }).count).toBe(328);
    expect(emojiImages(pack, []).data).toHaveLength(0);
  });

  test.each([1636, -1, 0.5])("there is no emoji %d", (index) => {
    expect(() => emojiImages(pack, [0, index])).toThrow(RangeError);
  });
});

describe("files that do not belong together are refused", () => {
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const item = ["1F600", "GRINNING FACE", 0, 0];
  const good = { size: 32, columns: 41, categories: ["c"], subcategories: ["s"], items: [item] };

  test.each<[string, Uint8Array, string]>([
    ["not JSON", Uint8Array.of(1), "index.json is not an emoji index"],
    ["null", text(null), "index.json is not an emoji index"],
    ["another size", text({ ...good, size: 64 }), "drawings are 64 wide"],
    ["no columns", text({ ...good, columns: 0 }), "columns is 0"],
    ["an unknown category", text({ ...good, categories: [] }), "item 0 (1F600) has a category"],
    ["no code point", text({ ...good, items: [["smile", "x", 0, 0]] }), "index.json is not an emoji index"],
    ["another number of drawings", text(good), "noto.png is 1312 x 1280; 1 drawings need 1312 x 32"],
  ])("%s", async (_, index, problem) => {
    const options = { read: async (name: string) => (name === "index.json" ? index : read(name)) };
    const failure = await loadEmoji(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FileFormatError);
    expect((failure as FileFormatError).problem).toContain(problem);
  });
});

describeWithShared("against the original sheets", "data/emoji", (folder) => {
  interface OriginalIndex {
    readonly items: readonly { code: string; name: string; category: string; subcategory: string }[];
  }

  test("the index is the same", () => {
    const original = JSON.parse(readFileSync(`${folder}/index.json`, "utf8")) as OriginalIndex;
    const items = pack.items.map(({ code, name, category, subcategory }) => {
      return { code, name, category, subcategory };
    });
    expect(items).toEqual(original.items);
  });

  test.each(emojiVendors)("%s: each pixel is the mean of 2 x 2 over white", async (vendor) => {
    const sheet = await decodePng(new Uint8Array(readFileSync(`${folder}/${vendor}.png`)));
    let worst = 0;
    for (let index = 0; index < pack.count; index += 7) {
      const left = (index % 41) * 64;
      const top = Math.floor(index / 41) * 64;
      for (let at = 0; at < drawing; at++) {
        const channel = at % 3;
        const x = left + 2 * (Math.floor(at / 3) % 32);
        const y = top + 2 * Math.floor(at / 96);
        let mean = 0;
        for (const [dx, dy] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ] as const) {
          const pixel = ((y + dy) * sheet.width + x + dx) * 4;
          const opacity = (sheet.data[pixel + 3] as number) / 255;
          mean += ((sheet.data[pixel + channel] as number) * opacity + 255 * (1 - opacity)) / 4;
        }
        worst = Math.max(worst, Math.abs(mean - (pack.images[vendor][index * drawing + at] as number)));
      }
    }
    expect(worst).toBeLessThanOrEqual(0.5 + 1e-9);
  });
});
