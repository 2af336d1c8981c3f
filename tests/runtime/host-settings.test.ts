// Settings are read once in each program, so each case is a program of its own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../tools/bundle.mjs";

const folder = mkdtempSync(join(tmpdir(), "morlet-"));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await bundle({
    entry: join(import.meta.dirname, "..", "..", "mod.ts"),
    outfile: join(folder, "mod.mjs"),
    platform: "node",
  });
});

/** What a program prints that runs `script` after importing the library. */
function runProgram(script: string, env: Record<string, string> = {}): unknown {
  const file = join(folder, "program.mjs");
  writeFileSync(file, `import { debug, withDebug } from "./mod.mjs";\n${script}`);
  const { stdout, stderr } = spawnSync(process.execPath, [file], {
    env: { PATH: process.env.PATH, ...env },
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const print = "console.log(JSON.stringify([debug.level, debug.verify, debug.compare, debug.nanCheck]));";
const all = { DEBUG: "2", VERIFY: "1", COMPARE: "1", NANCHECK: "1" };

test("the environment sets what the program has not set, when work begins and not on import", () => {
  expect(runProgram(print, all)).toEqual([0, false, false, false]);
  expect(runProgram(`withDebug({}, () => 0); ${print}`, all)).toEqual([2, true, true, true]);
  expect(runProgram(`debug.level = 4; withDebug({}, () => 0); ${print}`, all)).toEqual([4, true, true, true]);
  expect(runProgram(`withDebug({}, () => 0); ${print}`, { DEBUG: "express:*" })).toEqual([
    0,
    false,
    false,
    false,
  ]);
});

test("a page's address does, too", () => {
  const page = 'globalThis.location = { search: "?x=1&DEBUG=3&NANCHECK=1" };';
  expect(runProgram(`${page} withDebug({}, () => 0); ${print}`)).toEqual([3, false, false, true]);
});

test("what is set for a while does not forget what the host asked for", () => {
  expect(runProgram(`withDebug(0, () => 0); ${print}`, all)).toEqual([2, true, true, true]);
});
