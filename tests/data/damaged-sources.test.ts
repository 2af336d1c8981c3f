// Whatever the bytes are, opening ends, and with images or with a word about what is wrong.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ImageDataError } from "../../data/collection.ts";
import { coarseOfFine } from "../../data/formats/cifar.ts";
import { openImages } from "../../data/open-images.ts";
import { gzipFile, tarFile, zipFile } from "./archive-files.ts";
import { cifar10File, idxFile, npyFile } from "./array-files.ts";
import { plainPng } from "./png-files.ts";

const red = plainPng(9, 7, [200, 10, 20]);
const pixels = Uint8Array.from({ length: 5 * 48 }, (_, i) => (i * 5) % 256);
const zip = zipFile([
  { name: "a/1.png", bytes: red },
  { name: "b/2.png", bytes: red, stored: true },
]);

const sources: Readonly<Record<string, Uint8Array>> = {
  "images.idx": idxFile([5, 4, 4, 3], pixels),
  "images.npy": npyFile("|u1", [5, 4, 4, 3], pixels),
  "floats.npy": npyFile("<f4", [2, 4, 4], new Float32Array(32).fill(0.5)),
  "data_batch_1.bin": cifar10File(2),
  "set.zip": zip,
  "set64.zip": zipFile([{ name: "a/1.png", bytes: red }], { wide: true }),
  "set.tar": tarFile([{ name: "a/1.png", bytes: red }]),
  "set.tar.gz": gzipFile(tarFile([{ name: "a/1.png", bytes: red }])),
  "images.idx.gz": gzipFile(idxFile([5, 4, 4, 3], pixels)),
};

describe.each(Object.entries(sources))("%s", (name, bytes) => {
  test("is sound", async () => {
    const { train } = await openImages([{ name, bytes: async () => bytes }]);
    expect(train.images.count).toBeGreaterThan(0);
    expect(train.skipped).toEqual([]);
  });

  test("property: damaged, it gives images or a sentence", async () => {
    const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 3 });
    // Most of what matters is at the start and the end.
    const ends = fc.array(fc.tuple(fc.nat(Math.min(120, bytes.length - 1)), fc.nat(255), fc.boolean()), {
      maxLength: 2,
    });
    await fc.assert(
      fc.asyncProperty(
        flips,
        ends,
        fc.nat(bytes.length),
        fc.integer({ min: 0, max: 3 }),
        async (a, b, cut, how) => {
          const damaged = how === 0 ? bytes.slice(0, cut) : how === 1 ? bytes.slice(cut) : bytes.slice();
          for (const [at, byte] of a) if (at < damaged.length) damaged[at] = byte;
          for (const [at, byte, end] of b) {
            const place = end ? damaged.length - 1 - at : at;
            if (place >= 0 && place < damaged.length) damaged[place] = byte;
          }
          try {
            const { train } = await openImages([{ name, bytes: async () => damaged }], { memory: 2 ** 24 });
            const { count, height, width, channels, data } = train.images;
            expect(data.length).toBe(count * height * width * channels);
            expect(train.names).toHaveLength(count);
          } catch (error) {
            expect(error).toBeInstanceOf(ImageDataError);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

test("property: bytes without any meaning are refused", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom("x.png", "x.bin", "x", "x.zip"),
      async (bytes, name) => {
        await expect(openImages([{ name, bytes: async () => bytes }])).rejects.toThrow(ImageDataError);
      },
    ),
    { numRuns: 200 },
  );
});

test("a third of a folder's files damaged: the rest is loaded, in its order", async () => {
  const files = Array.from({ length: 60 }, (_, i) => {
    const bytes = plainPng(8, 8, [i * 4, 0, 255 - i]);
    const ways = [
      bytes.subarray(0, 40),
      new Uint8Array(),
      new TextEncoder().encode("hello"),
      bytes.with(50, 1),
    ];
    return {
      name: `${100 + i}.png`,
      bytes: async () => (i % 3 === 0 ? (ways[(i / 3) % 4] as Uint8Array) : bytes),
    };
  });
  const { train } = await openImages(files);
  expect(train.images.count).toBe(40);
  expect(train.skipped).toHaveLength(20);
  train.names.forEach((name, at) => {
    const i = Number.parseInt(name, 10) - 100;
    expect(Array.from(train.images.data.subarray(at * 192, at * 192 + 3))).toEqual([i * 4, 0, 255 - i]);
  });
});

describe("CIFAR-100", () => {
  const file = Uint8Array.from({ length: 20 * 3074 }, (_, i) => (i * 3) % 256);
  for (let i = 0; i < 20; i++) file.set([coarseOfFine[i * 5] as number, i * 5], i * 3074);

  test.each([
    ["fine", 100, [0, 5, 10]],
    ["coarse", 20, [4, 6, 3]],
  ] as const)("%s labels", async (labels, classes, first) => {
    const { train } = await openImages([{ name: "train.bin", bytes: async () => file }], { labels });
    expect(train.images).toMatchObject({ count: 20, height: 32, width: 32, channels: 3 });
    expect(train.classes).toHaveLength(classes);
    expect(Array.from(train.labels?.subarray(0, 3) ?? [])).toEqual(first);
    expect(train.images.data[0]).toBe(file[2]);
  });
});

describe("STL-10", () => {
  const images = (count: number) => Uint8Array.from({ length: count * 27648 }, (_, i) => (i * 7) % 251);
  const given = (name: string, bytes: Uint8Array) => ({ name, bytes: async () => bytes });

  test("columns become rows, labels are found, unlabelled images join in", async () => {
    const bytes = images(3);
    const { train, test: held } = await openImages([
      given("train_X.bin", bytes),
      given("train_y.bin", Uint8Array.of(1, 10, 2)),
      given("test_X.bin", images(2)),
      given("test_y.bin", Uint8Array.of(3, 3)),
      given("unlabeled_X.bin", images(2).subarray(0, 27648 + 100)),
      given("class_names.txt", new TextEncoder().encode("airplane\n")),
    ]);
    expect(train.images).toMatchObject({ count: 4, height: 96, width: 96, channels: 3 });
    expect(Array.from(train.labels ?? [])).toEqual([0, 9, 1, -1]);
    expect(Array.from(held?.labels ?? [])).toEqual([2, 2]);
    expect(train.classes?.slice(0, 2)).toEqual(["airplane", "bird"]);
    expect(train.skipped).toEqual([
      { file: "unlabeled_X.bin", problem: "the file was cut: its last image has 100 of 27648 bytes" },
    ]);
    // Row 5, column 7, blue of the second image.
    const at = 27648 + (5 * 96 + 7) * 3 + 2;
    expect(train.images.data[at]).toBe(bytes[27648 + 2 * 9216 + 7 * 96 + 5]);
  });
});
