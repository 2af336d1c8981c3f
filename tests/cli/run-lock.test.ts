import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { LOCK, lockRun } from "../../cli/run-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-lock-"));
const lock = join(folder, LOCK);
beforeEach(() => rmSync(lock, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

/** The number of a process that has ended. */
const ended = () => spawnSync(process.execPath, ["--version"]).pid;

test("a run is locked once, until it is let go", async () => {
  const unlock = await lockRun(folder);
  expect(readFileSync(lock, "utf8")).toBe(`${process.pid}\n`);
  await expect(lockRun(folder)).rejects.toThrow(`is going on in process ${process.pid}: wait for its end`);
  await unlock();
  expect(readdirSync(folder)).toEqual([]);
  await (await lockRun(folder))();
});

test("the run of another process is refused while it lives", async () => {
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  const over = new Promise((resolve) => other.on("exit", resolve));
  try {
    writeFileSync(lock, `${other.pid}\n`);
    await expect(lockRun(folder)).rejects.toThrow(`process ${other.pid}`);
    expect(readFileSync(lock, "utf8")).toBe(`${other.pid}\n`);
  } finally {
    other.kill();
    await over;
  }
  await (await lockRun(folder))();
});

test.each([
  ["of a process that has ended", () => `${ended()}\n`],
  ["of an earlier process with this one's number", () => `${process.pid}\n`],
  ["that was never written", () => ""],
])("a lock %s is taken over", async (_, text) => {
  writeFileSync(lock, text());
  const unlock = await lockRun(folder);
  expect(readFileSync(lock, "utf8")).toBe(`${process.pid}\n`);
  await unlock();
});
