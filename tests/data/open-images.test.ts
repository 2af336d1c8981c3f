import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ImageDataError } from "../../data/collection.ts";
import { openImages } from "../../data/open-images.ts";
import { describeWithShared } from "../support/shared.ts";
import { cifar10File, idxFile, npyFile } from "./array-files.ts";
import { pictureFile } from "./picture-files.ts";
import { plainPng } from "./png-files.ts";

const root = mkdtempSync(join(tmpdir(), "morlet-open-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Writes files below a new folder. */
function folder(name: string, files: Record<string, Uint8Array | string>): string {
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, name, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
  return join(root, name);
}

const red = plainPng(12, 8, [200, 10, 20]);
const green = plainPng(8, 8, [10, 200, 20]);

describe("folders of pictures", () => {
  test("load what is sound and list what is not, in the order of the paths", async () => {
    const path = folder("damaged", {
      "b.png": red,
      "a.png": green,
      "c.txt": "a note that nobody takes for an image",
      "text.png": "not an image",
      "empty.png": "",
      "cut.png": red.subarray(0, red.length - 20),
      "short.png": red.subarray(0, 20),
      "magic.jpg": new Uint8Array(300).fill(7),
      "cut.webp": pictureFile("webp").slice(0, 60),
      "film.avif": new Uint8Array(300).fill(7).with(4, 0x66).with(5, 0x74).with(6, 0x79).with(7, 0x70),
      "huge.png": red.with(16, 127).with(20, 127),
      ".hidden.png": red,
      "deep/er/d.png": red,
    });
    symlinkSync(path, join(path, "loop"));
    symlinkSync(join(path, "nowhere"), join(path, "gone.png"));
    const { train, test: held } = await openImages(path);
    expect(held).toBeNull();
    expect(train.name).toBe("damaged");
    expect(train.names).toEqual(["a.png", "b.png", "deep/er/d.png"]);
    expect(train.images).toMatchObject({ count: 3, height: 8, width: 8, channels: 3 });
    expect(Array.from(train.images.data.subarray(0, 3))).toEqual([10, 200, 20]);
    expect(Array.from(train.images.data.subarray(192, 195))).toEqual([200, 10, 20]);
    expect(train.labels).toBeNull(); // one folder alone is no class
    const problems = train.skipped.map(({ file, problem }) => `${file}: ${problem}`);
    expect(problems).toEqual([
      "cut.png: the file was cut: its end is missing",
      "cut.webp: the file was cut: its end is missing",
      "empty.png: the file is empty",
      "film.avif: the file is HEIC, AVIF or a film, which is not supported; save it as PNG or JPEG",
      expect.stringMatching(/^gone.png: the file cannot be read/),
      expect.stringMatching(/^huge.png: the image is too large/),
      expect.stringMatching(/^magic.jpg: the file does not start like any known image/),
      "short.png: the file was cut: it ends within its header",
      "text.png: the file is text, not an image",
    ]);
  });

  test("sub-folders are classes, and train and test at the top are the split", async () => {
    const path = folder("split", {
      "set/train/red/1.png": red,
      "set/train/green/1.png": green,
      "set/train/green/2.png": green,
      "set/test/green/1.png": green,
      "set/test/red/1.png": red,
    });
    const { train, test: held } = await openImages(path, { size: [4, 6] });
    expect(train.classes).toEqual(["green", "red"]);
    expect(held?.classes).toEqual(["green", "red"]);
    expect(Array.from(train.labels as Int32Array)).toEqual([0, 0, 1]);
    expect(Array.from(held?.labels as Int32Array)).toEqual([0, 1]);
    expect(train.images).toMatchObject({ count: 3, height: 4, width: 6 });
  });

  test("that were handed over as files have nothing hidden in them", async () => {
    const names = ["top/.git/x.png", "top/._1.png", "top/a/1.png", "top/b/__MACOSX/1.png", "top/b/2.png"];
    const given = (top: string) =>
      openImages(names.map((name) => ({ name: name.replace("top", top), bytes: async () => red })));
    const { train } = await given("photos");
    expect(train.names).toEqual(["photos/a/1.png", "photos/b/2.png"]);
    expect(train.classes).toEqual(["a", "b"]);
    expect(train.skipped).toEqual([]);
    // Whoever hands over a hidden folder means it.
    expect((await given(".photos")).train.images.count).toBe(2);
  });

  test("a share is held out by the seed, of each class alike", async () => {
    const files = Array.from({ length: 10 }, (_, i) => i);
    const path = folder(
      "share",
      Object.fromEntries(
        files.flatMap((i) => [[`a/${i}.png`, red] as const, [`b/${i}.png`, green] as const]),
      ),
    );
    const open = (seed: number) => openImages(path, { holdOut: 0.3, seed, limit: 6 });
    const [one, again, other] = [await open(1), await open(1), await open(2)];
    expect(one.test?.names).toHaveLength(6);
    expect(Array.from(one.test?.labels as Int32Array)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(one.train.names).toHaveLength(6);
    expect(one.train.names.filter((name) => one.test?.names.includes(name))).toEqual([]);
    expect(again).toEqual(one);
    expect(other.test?.names).not.toEqual(one.test?.names);
  });

  test("says what is wrong where nothing can be used", async () => {
    const path = folder("useless", {
      "a.png": "text",
      "b.png": "",
      "c.png": "x",
      "d.png": "x",
      "e.txt": "x",
    });
    const failure = await openImages(path).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageDataError);
    expect((failure as Error).message).toMatch(
      /^useless: there is no usable image \(a.png: .* and 1 more; 1 file holds something else\)/,
    );
    expect((failure as ImageDataError).skipped).toHaveLength(4);
    await expect(openImages(join(root, "missing"))).rejects.toThrow("there is no file or folder");
  });

  test("says how to stay within the memory", async () => {
    const path = folder("memory", { "a.png": red, "b.png": green });
    await expect(openImages(path, { memory: 200 })).rejects.toThrow(
      /load fewer \(a limit of 1\) or smaller ones \(a size of 5\)$/,
    );
    await expect(openImages(path, { size: 5000, memory: 200 })).rejects.toThrow("load smaller ones");
  });

  test("a signal ends it", async () => {
    const path = folder("signal", { "a.png": red });
    await expect(openImages(path, { signal: AbortSignal.abort() })).rejects.toThrow("abort");
  });
});

describe("files of arrays", () => {
  const images = Uint8Array.from({ length: 4 * 6 * 5 }, (_, i) => i);

  test("IDX with labels", async () => {
    const path = folder("idx", {
      "train-images-idx3-ubyte": idxFile([4, 6, 5], images),
      "train-labels-idx1-ubyte": idxFile([4], Uint8Array.of(3, 1, 0, 2)),
      "t10k-images-idx3-ubyte": idxFile([2, 6, 5], images.subarray(0, 60)),
      "t10k-labels-idx1-ubyte": idxFile([2], Uint8Array.of(1, 1)),
    });
    const { train, test: held } = await openImages(path);
    expect(train.images).toMatchObject({ count: 4, height: 6, width: 5, channels: 1 });
    expect(train.images.data).toEqual(images);
    expect(Array.from(train.labels as Int32Array)).toEqual([3, 1, 0, 2]);
    expect(train.classes).toEqual(["0", "1", "2", "3"]);
    expect(held?.images.data).toEqual(images.subarray(0, 60));
    expect(train.skipped).toEqual([]);
  });

  test("a long file of labels is not taken for CIFAR", async () => {
    const count = 60_000;
    const path = folder("idx-long", {
      "train-images-idx3-ubyte": idxFile([count, 2, 2], new Uint8Array(4 * count).fill(200)),
      "train-labels-idx1-ubyte": idxFile([count], new Uint8Array(count).fill(9)),
    });
    const { train } = await openImages(path);
    expect(train.images).toMatchObject({ count, height: 2, width: 2, channels: 1 });
    expect(train.labels?.[count - 1]).toBe(9);
  });

  test("IDX cut short: the whole images are used", async () => {
    const path = folder("idx-cut", {
      "images-idx3-ubyte": idxFile([4, 6, 5], images).subarray(0, 16 + 100),
      "labels-idx1-ubyte": idxFile([4], Uint8Array.of(3, 1, 0, 2)),
      "floats-idx3-ubyte": idxFile([4, 6, 5], images).with(2, 13),
    });
    const { train } = await openImages(path);
    expect(train.images.count).toBe(3);
    expect(Array.from(train.labels as Int32Array)).toEqual([3, 1, 0]);
    expect(train.skipped).toEqual([
      { file: "floats-idx3-ubyte", problem: expect.stringContaining("32-bit floats; need unsigned bytes") },
      { file: "images-idx3-ubyte", problem: "the file ends early: 3 of 4 items are whole" },
    ]);
  });

  test("CIFAR-10: planes become pixels, damaged records are left out", async () => {
    const file = cifar10File(20);
    const path = folder("cifar", {
      "data_batch_1.bin": file.with(3073, 77),
      "test_batch.bin": cifar10File(3).subarray(0, 3 * 3073 - 10),
    });
    const { train } = await openImages(path);
    expect(train.images).toMatchObject({ count: 19, height: 32, width: 32, channels: 3 });
    expect(Array.from(train.images.data.subarray(0, 3))).toEqual([file[1], file[1 + 1024], file[1 + 2048]]);
    expect(train.classes?.[0]).toBe("airplane");
    expect(train.skipped).toEqual([
      { file: "data_batch_1.bin#1", problem: "there is no class 77 in CIFAR-10" },
      { file: "test_batch.bin", problem: "the file is none of IDX, CIFAR, STL-10 and npy" },
    ]);
  });

  test.each<[string, Uint8Array, number]>([
    ["u8 NHWC", npyFile("|u1", [2, 4, 5, 3], new Uint8Array(120).fill(51)), 3],
    ["u8 NHW", npyFile("|u1", [2, 4, 5], new Uint8Array(40).fill(51)), 1],
    ["f32 NCHW", npyFile("<f4", [2, 3, 4, 5], new Float32Array(120).fill(0.2)), 3],
    ["f32 to 255", npyFile("<f4", [2, 4, 5], new Float32Array(40).fill(51)), 1],
  ])("npy, %s", async (_, bytes, channels) => {
    const { train } = await openImages([{ name: "x.npy", bytes: async () => bytes }]);
    expect(train.images).toMatchObject({ count: 2, height: 4, width: 5, channels });
    expect(new Set(train.images.data)).toEqual(new Set([51]));
  });

  test.each<[string, number[], number[], number[]]>([
    ["RGBA", [1, 2, 1, 4], [10, 20, 30, 255, 10, 20, 30, 0], [10, 20, 30, 255, 255, 255]],
    [
      "RGBA, planes",
      [1, 4, 1, 5],
      [10, 40, 0, 0, 0, 20, 50, 0, 0, 0, 30, 60, 0, 0, 0, 255, 51, 255, 255, 255],
      [10, 20, 30, 212, 214, 216, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    ["grey with opacity", [1, 2, 1, 2], [10, 255, 10, 51], [10, 206]],
    [
      "RGB, and a width of 4",
      [1, 3, 1, 4],
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12],
    ],
  ])("what is not opaque shows the background: %s", async (_, shape, values, shown) => {
    const bytes = Uint8Array.from(values);
    for (const file of [npyFile("|u1", shape, bytes), idxFile(shape, bytes)]) {
      const { train } = await openImages([{ name: "x", bytes: async () => file }]);
      expect(train.images.channels).toBe(shown.length % 3 === 0 ? 3 : 1);
      expect(Array.from(train.images.data)).toEqual(shown);
    }
  });

  test("a size of one's own, and colours from grey", async () => {
    const bytes = npyFile("|u1", [2, 4, 4], new Uint8Array(32).fill(51));
    const { train } = await openImages([{ name: "x.npy", bytes: async () => bytes }], {
      size: 3,
      channels: 3,
    });
    expect(train.images).toMatchObject({ count: 2, height: 3, width: 3, channels: 3 });
    expect(train.images.data).toEqual(new Uint8Array(54).fill(51));
  });
});

test("the bundled emoji", async () => {
  const { train, test: held } = await openImages("emoji");
  expect(train.images).toMatchObject({ count: 2616, height: 32, width: 32, channels: 3 });
  expect(held?.images.count).toBe(656);
  expect(train.classes).toHaveLength(8);
  expect(held?.labels).toHaveLength(656);
  expect(train.names[0]).toBe("noto SMILING FACE WITH OPEN MOUTH");
});

describeWithShared("real files", "data/cifar10-subset", (path) => {
  test("the CIFAR-10 subset", async () => {
    const { train, test: held } = await openImages(path, { limit: 500 });
    expect(train.images.count).toBe(500);
    expect(held?.images.count).toBe(500);
    expect(new Set(train.labels)).toHaveProperty("size", 10);
    expect(train.skipped).toEqual([]);
  });
});
