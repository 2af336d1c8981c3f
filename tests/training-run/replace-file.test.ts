import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { replaceFile } from "../../training/run/replace-file.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-replace-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

test("a file is replaced as a whole, and nothing partial is left", async () => {
  writeFileSync(at("a"), "a long old text");
  await replaceFile(at("a"), "new");
  await replaceFile(at("b"), Uint8Array.of(1, 2));
  expect(readFileSync(at("a"), "utf8")).toBe("new");
  expect([...readFileSync(at("b"))]).toEqual([1, 2]);
  expect(readdirSync(folder)).toEqual(["a", "b"]);
});

test("what cannot be written leaves nothing behind and is told by its own name", async () => {
  mkdirSync(at("c/below"), { recursive: true });
  for (const path of [at("c"), at("nowhere/d")]) {
    await expect(replaceFile(path, "x")).rejects.toMatchObject({ path });
  }
  expect(readdirSync(folder)).toEqual(["a", "b", "c"]);
});
