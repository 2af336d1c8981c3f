// Workers need a bundle, as the terminal and pages have it; tests run the bare sources, which decode in their own thread.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openImages } from "../../data/open-images.ts";
import { bundle } from "../../tools/bundle.mjs";
import { pictureFile, pictureNames } from "./picture-files.ts";
import { plainPng } from "./png-files.ts";

const root = mkdtempSync(join(tmpdir(), "morlet-workers-"));
const images = join(root, "images");
const program = join(root, "open-folder.mjs");

beforeAll(async () => {
  mkdirSync(images);
  for (let i = 0; i < 60; i++) {
    const colour = [i * 4, 255 - i, (i * 31) % 256] as const;
    const bytes = plainPng(20 + i, 30, colour);
    writeFileSync(join(images, `${100 + i}.png`), i % 3 === 1 ? bytes.subarray(0, bytes.length - 30) : bytes);
  }
  for (const name of pictureNames) writeFileSync(join(images, name), pictureFile(name));
  await bundle({ entry: "tests/data/open-folder.ts", outfile: program, platform: "node" });
});
afterAll(() => rmSync(root, { recursive: true }));

test("workers of Node give the same images and damage, in the same order", async () => {
  const printed = execFileSync(process.execPath, [program, images], { encoding: "utf8", timeout: 50_000 });
  const result = JSON.parse(printed);
  expect(result.lanes).toBeGreaterThan(1);
  const { train } = await openImages(images, { size: 16 });
  expect(result.names).toEqual(train.names);
  expect(result.skipped).toEqual(train.skipped);
  expect(result.skipped).toHaveLength(20); // a third of the plain ones
  expect(result.bytes).toBe(Buffer.from(train.images.data).toString("base64"));
});
