import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../engine/io/safetensors-write.ts";
import { contentsOf, readIn, unread } from "../../tools/golden.mjs";

const contents = {
  "dino/ema": ["input.a", "out.0", "out.1"],
  "hdc/clips": ["rows"],
  "hdc/loss": ["input/x", "output/loss"],
};
const report = (golden: Record<string, string[]>) => ({
  testResults: Object.entries(golden).map(([file, read]) => ({
    assertionResults: [{ meta: {} }, { meta: { golden: { file, read } } }],
  })),
});

test("the tensors of all files of a folder are found", () => {
  const folder = mkdtempSync(join(tmpdir(), "morlet-golden-"));
  mkdirSync(join(folder, "dino"));
  const x = { dtype: "f32", shape: [1], data: Float32Array.of(1) } as const;
  writeFileSync(join(folder, "dino/ema.safetensors"), writeSafetensors({ a: x, b: x }, { what: "two" }));
  writeFileSync(join(folder, "README.md"), "about them");
  expect(contentsOf(folder)).toEqual({ "dino/ema": ["a", "b"] });
  rmSync(folder, { recursive: true });
});

test("what several tests have read of a file is put together", () => {
  const { testResults } = report({ "dino/ema": ["out.0"] });
  const others = report({ "dino/ema": ["out.1"], "hdc/loss": [] }).testResults;
  const read = readIn({ testResults: [...testResults, ...others] });
  expect([...(read.get("dino/ema") ?? [])]).toEqual(["out.0", "out.1"]);
  expect([...read.keys()]).toEqual(["dino/ema", "hdc/loss"]);
});

test("files and tensors that no test reads are named", () => {
  const read = readIn(report({ "dino/ema": ["input.a", "out.1"], "hdc/clips": ["rows"] }));
  expect(unread(contents, read, {})).toEqual([
    "dino/ema: no test reads 1 of its 3 tensors: out.0",
    "hdc/loss: no test reads it",
  ]);
});

test("a reason excuses a folder, a file, or tensors of one kind, as long as it is needed", () => {
  const read = readIn(report({ "dino/ema": ["input.a", "out.1"], "hdc/clips": ["rows"] }));
  expect(unread(contents, read, { "dino/ema: out.": "known", hdc: "later" })).toEqual([]);
  expect(unread(contents, read, { "dino/ema: in": "why", "hdc/clips": "read", "hdc/loss": "later" })).toEqual(
    [
      "dino/ema: no test reads 1 of its 3 tensors: out.0",
      'tests/golden/unread.json: "dino/ema: in" is read, or is not there',
      'tests/golden/unread.json: "hdc/clips" is read, or is not there',
    ],
  );
});
