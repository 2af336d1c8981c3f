import { describe, expect, test } from "vitest";
import { openArchive } from "../../data/archive/open-archive.ts";
import { readTar } from "../../data/archive/tar.ts";
import { readZip } from "../../data/archive/zip.ts";
import { openImages } from "../../data/open-images.ts";
import { type InputFile, memoryFile, readWhole } from "../../data/source/input-file.ts";
import { gzipFile, tarFile, type ZipItem, zipFile } from "./archive-files.ts";
import { cifar10File, idxFile } from "./array-files.ts";
import { plainPng } from "./png-files.ts";

const red = plainPng(8, 8, [200, 10, 20]);
const green = plainPng(8, 8, [10, 200, 20]);
const text = (content: string) => new TextEncoder().encode(content);
const long = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 251);
const given = (name: string, bytes: Uint8Array) => ({ name, bytes: async () => bytes });

async function contentsOf(files: readonly InputFile[]) {
  return await Promise.all(files.map(async (file) => [file.name, await readWhole(file)] as const));
}

describe.each([false, true])("zip files, 64 bits: %s", (wide) => {
  const items: ZipItem[] = [
    { name: "a/one.bin", bytes: long },
    { name: "a/", bytes: new Uint8Array() },
    { name: "b.bin", bytes: long, stored: true },
    { name: "empty.bin", bytes: new Uint8Array() },
    { name: "__MACOSX/a/._one.bin", bytes: text("x") },
    { name: "a/.DS_Store", bytes: text("x") },
    { name: "a\\naïve.bin", bytes: text("x") },
  ];

  test.each([
    ["as they are", (bytes: Uint8Array) => bytes],
    ["behind other bytes", (bytes: Uint8Array) => Uint8Array.from([...long.subarray(0, 999), ...bytes])],
  ])("give their files, %s", async (name, change) => {
    if (wide && name !== "as they are") return; // the record of 64 bits says where it is
    const { files, skipped } = await readZip(memoryFile("x.zip", change(zipFile(items, { wide }))));
    expect(skipped).toEqual([]);
    expect(await contentsOf(files)).toEqual([
      ["a/one.bin", long],
      ["b.bin", long],
      ["empty.bin", new Uint8Array()],
      ["a/naïve.bin", text("x")],
    ]);
    for (const file of files.slice(0, 2)) {
      expect(await file.read(0, 1000)).toEqual(long.slice(0, 1000));
      expect(await file.read(50_000, 50_010)).toEqual(long.slice(50_000, 50_010));
    }
  });
});

describe("zip files that lie", () => {
  const listed: readonly [string, ZipItem, string][] = [
    ["encryption", { name: "x", bytes: long, lies: { flags: 1 } }, "it is encrypted"],
    ["another method", { name: "x", bytes: long, lies: { method: 14 } }, "not supported (method 14)"],
    ["a way out", { name: "../x", bytes: long }, "its path leads out"],
    ["a root", { name: "/etc/x", bytes: long }, "its path leads out"],
    ["a drive", { name: "C:\\x", bytes: long }, "its path leads out"],
    ["a huge size", { name: "x", bytes: long, lies: { size: 2 ** 31 } }, "it is too large"],
    ["two sizes", { name: "x", bytes: long, stored: true, lies: { size: 5 } }, "sizes contradict"],
    ["the place of another", { name: "x", bytes: long, lies: { at: 0 } }, "shares bytes with another file"],
  ];
  test.each(listed)("%s is listed", async (_, item, problem) => {
    const { files, skipped } = await readZip(
      memoryFile("x.zip", zipFile([{ name: "good", bytes: long }, item])),
    );
    expect(skipped.map((each) => each.problem)).toContainEqual(expect.stringContaining(problem));
    expect(files.length + skipped.length).toBe(2);
  });

  const found: readonly [string, ZipItem, string][] = [
    ["a size that is too small", { name: "x", bytes: long, lies: { size: 99 } }, "more than 99 bytes"],
    ["a size that is too large", { name: "x", bytes: long, lies: { size: 200_000 } }, "has 100000 bytes"],
    ["another checksum", { name: "x", bytes: long, lies: { crc: 1 } }, "checksum"],
    [
      "a place outside",
      { name: "x", bytes: long, lies: { at: 2 ** 30 } },
      "not where the archive's directory",
    ],
  ];
  test.each(found)("%s fails when it is read", async (_, item, problem) => {
    const { files } = await readZip(memoryFile("x.zip", zipFile([item])));
    await expect(readWhole(files[0] as InputFile)).rejects.toThrow(problem);
  });

  test("a bomb does not go off: 20 MB in 20 kB, said to be 1 kB", async () => {
    const bomb = zipFile([{ name: "bomb.png", bytes: new Uint8Array(2e7), lies: { size: 1000 } }]);
    expect(bomb.length).toBeLessThan(25_000);
    const { files } = await readZip(memoryFile("x.zip", bomb));
    await expect(readWhole(files[0] as InputFile)).rejects.toThrow("more than 1000 bytes");
  });

  test("the same name twice, and files on top of each other", async () => {
    const archive = zipFile([
      { name: "x", bytes: red },
      { name: "x", bytes: green },
      { name: "y", bytes: long, stored: true },
      { name: "z", bytes: long, stored: true, lies: { at: 300 } },
    ]);
    const { files, skipped } = await readZip(memoryFile("x.zip", archive));
    expect(files.map(({ name }) => name)).toEqual(["x"]);
    expect(skipped.map(({ problem }) => problem)).toEqual([
      "the archive has another file of that name",
      "it shares bytes with another file of the archive",
      "it shares bytes with another file of the archive",
    ]);
  });

  test.each([
    ["without a directory", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 30), "was cut"],
    ["with half a directory", (bytes: Uint8Array) => bytes.with(bytes.length - 12, 2), "is damaged"],
    ["with a directory elsewhere", (bytes: Uint8Array) => bytes.with(bytes.length - 4, 255), "outside"],
  ])("%s is no archive", async (_, change, problem) => {
    const file = memoryFile("x.zip", change(zipFile([{ name: "x", bytes: long }])));
    const { files, skipped } = await openArchive(file, "zip");
    expect(files).toEqual([]);
    expect(skipped).toEqual([{ file: "x.zip", problem: expect.stringContaining(problem) }]);
  });
});

describe("tar files", () => {
  const name = `${"deep/".repeat(30)}x.bin`;
  const archive = tarFile([
    { name: "a.bin", bytes: long },
    { name, bytes: text("long") },
    { name: "../out", bytes: text("x") },
    { name: "b.bin", bytes: text("end") },
  ]);

  test("give their files, with long names", async () => {
    const { files, skipped } = await readTar(memoryFile("x.tar", archive));
    expect(await contentsOf(files)).toEqual([
      ["a.bin", long],
      [name, text("long")],
      ["b.bin", text("end")],
    ]);
    expect(skipped).toEqual([{ file: "../out", problem: "its path leads out of the archive" }]);
  });

  test("that were cut or damaged give what comes before", async () => {
    const cut = await readTar(memoryFile("x.tar", archive.subarray(0, 50_000)));
    expect(cut.skipped).toEqual([{ file: "a.bin", problem: "the archive ends within it" }]);
    const damaged = await readTar(memoryFile("x.tar", archive.with(512 * 197 + 3, 7)));
    expect(damaged.files.map((file) => file.name)).toEqual(["a.bin"]);
    expect(damaged.skipped[0]?.problem).toContain("the archive is damaged at byte");
  });
});

describe("openImages", () => {
  test("looks into a zip file of pictures, with classes and damage", async () => {
    const archive = zipFile([
      { name: "set/red/1.png", bytes: red },
      { name: "set/green/1.png", bytes: green },
      { name: "set/green/2.png", bytes: green, lies: { crc: 5 } },
      { name: "set/README", bytes: text("hello") },
      { name: "../evil.png", bytes: red },
    ]);
    const { train } = await openImages([given("set.zip", archive)]);
    expect(train.name).toBe("set");
    expect(train.names).toEqual(["set/green/1.png", "set/red/1.png"]);
    expect(train.classes).toEqual(["green", "red"]);
    expect(train.skipped).toEqual([
      { file: "../evil.png", problem: "its path leads out of the archive" },
      { file: "set/green/2.png", problem: expect.stringContaining("checksum") },
    ]);
  });

  test("lists what is called an archive and is none", async () => {
    const { train } = await openImages([
      given("birds.zip", new Uint8Array()),
      given("cats.zip", zipFile([{ name: "1.png", bytes: red }])),
      given("dogs.tar.gz", text("404: not found")),
    ]);
    expect(train.names).toEqual(["1.png"]);
    expect(train.skipped).toEqual([
      { file: "birds.zip", problem: "the file is empty" },
      { file: "dogs.tar.gz", problem: "the file is no archive" },
    ]);
  });

  test("looks into gzip files of IDX, as MNIST comes", async () => {
    const images = Uint8Array.from({ length: 3 * 16 }, (_, i) => i);
    const files = [
      given("train-images-idx3-ubyte.gz", gzipFile(idxFile([3, 4, 4], images))),
      given("train-labels-idx1-ubyte.gz", gzipFile(idxFile([3], Uint8Array.of(0, 1, 1)))),
      given("t10k-images-idx3-ubyte.gz", gzipFile(idxFile([1, 4, 4], images.subarray(0, 16)))),
      given("t10k-labels-idx1-ubyte.gz", gzipFile(idxFile([1], Uint8Array.of(1))).subarray(0, 20)),
    ];
    const { train, test: held } = await openImages(files);
    expect(train.images.data).toEqual(images);
    expect(Array.from(train.labels as Int32Array)).toEqual([0, 1, 1]);
    expect(Array.from(held?.labels as Int32Array)).toEqual([-1]);
    expect(train.skipped).toEqual([
      { file: "t10k-labels-idx1-ubyte.gz", problem: expect.stringContaining("damaged") },
    ]);
  });

  test("looks into a tar.gz of CIFAR-10, as it comes", async () => {
    const archive = tarFile([
      { name: "cifar-10-batches-bin/data_batch_1.bin", bytes: cifar10File(20) },
      { name: "cifar-10-batches-bin/test_batch.bin", bytes: cifar10File(10) },
      { name: "cifar-10-batches-bin/readme.html", bytes: text("<p>") },
    ]);
    const { train, test: held } = await openImages([given("cifar-10-binary.tar.gz", gzipFile(archive))]);
    expect([train.images.count, held?.images.count]).toEqual([20, 10]);
  });

  test("leaves archives beside pictures and within archives alone", async () => {
    const inner = zipFile([{ name: "a.png", bytes: red }]);
    const beside = await openImages([given("a.png", red), given("more.zip", inner)]);
    expect(beside.train.skipped).toEqual([
      { file: "more.zip", problem: "an archive beside images is not opened" },
    ]);
    const nested = zipFile([{ name: "b.zip", bytes: zipFile([{ name: "c.zip", bytes: inner }]) }]);
    await expect(openImages([given("x.zip", nested)])).rejects.toThrow(
      "an archive in an archive is not opened",
    );
  });
});
