import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { configureDevice } from "../../mod.ts";
import { pretrain } from "../../training/pretrain.ts";
import { browserStore } from "../../training/run/browser-store.ts";
import { LOCK, lockFolder } from "../../training/run/folder-lock.ts";
import { folderStore } from "../../training/run/folder-store.ts";
import { RunInUseError } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, smallMethod, specks } from "./small.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-lock-"));
const lock = join(folder, LOCK);
beforeEach(() => rmSync(lock, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

/** The number of a process that has ended. */
const ended = () => spawnSync(process.execPath, ["--version"]).pid;

test("a run is locked once, until it is let go", async () => {
  const unlock = await lockFolder(folder);
  expect(readFileSync(lock, "utf8")).toBe(`${process.pid}\n`);
  await expect(lockFolder(folder)).rejects.toThrow(`is going on in process ${process.pid}: wait for its end`);
  await unlock();
  expect(readdirSync(folder)).toEqual([]);
  await (await lockFolder(folder))();
});

test("the run of another process is refused while it lives", async () => {
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  const over = new Promise((resolve) => other.on("exit", resolve));
  try {
    writeFileSync(lock, `${other.pid}\n`);
    await expect(lockFolder(folder)).rejects.toThrow(`process ${other.pid}`);
    expect(readFileSync(lock, "utf8")).toBe(`${other.pid}\n`);
  } finally {
    other.kill();
    await over;
  }
  await (await lockFolder(folder))();
});

test.each([
  ["of a process that has ended", () => `${ended()}\n`],
  ["of an earlier process with this one's number", () => `${process.pid}\n`],
  ["that was never written", () => ""],
])("a lock %s is taken over", async (_, text) => {
  writeFileSync(lock, text());
  const unlock = await lockFolder(folder);
  expect(readFileSync(lock, "utf8")).toBe(`${process.pid}\n`);
  await unlock();
});

describe("two runs on one store", () => {
  beforeAll(() => configureDevice({ gpu: nodeGPU() }));
  afterEach(() => vi.unstubAllGlobals());
  const options = { epochs: 2, batch: 4, monitorEvery: 0, checkpointEvery: 1 };
  const run = (store = folderStore(join(folder, "runs")), resume = false) =>
    pretrain(smallMethod(), specks(8), { ...options, store, resume });

  test("of a folder: the second one is told, the first one is not disturbed, and after it there is room again", async () => {
    const first = run();
    await first.next();
    expect(readFileSync(join(folder, "runs", LOCK), "utf8")).toBe(`${process.pid}\n`);
    // By another name of the same folder, and with a store of its own.
    const other = run(folderStore(`${folder}/../${basename(folder)}/runs/`), true);
    await expect(other.next()).rejects.toThrow(RunInUseError);
    await first.return(undefined);
    expect(readdirSync(join(folder, "runs"))).not.toContain(LOCK);
    const store = folderStore(join(folder, "runs"));
    const events = await eventsOf({ ...options, store, resume: true }, { images: specks(8) });
    expect(events.at(-1)).toMatchObject({ type: "end", steps: 4 });
    expect(await store.list()).not.toContain(LOCK);
  });

  test("of a folder in two programs: the run of one that lives is refused", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const over = new Promise((resolve) => other.on("exit", resolve));
    const path = join(folder, "shared");
    mkdirSync(path);
    writeFileSync(join(path, LOCK), `${other.pid}\n`);
    await expect(run(folderStore(path)).next()).rejects.toThrow(`process ${other.pid}`);
    // Whoever guards the folder in another way leaves the lock out.
    const own = run(folderStore(path, { lock: false }));
    expect((await own.next()).value).toMatchObject({ type: "start" });
    await own.return(undefined);
    other.kill();
    await over;
  });

  test("of a browser's private folder", async () => {
    const held = new Set<string>();
    const request = async (name: string, _: unknown, use: (lock: object | null) => unknown) => {
      if (held.has(name)) return use(null);
      held.add(name);
      await use({});
      held.delete(name);
    };
    vi.stubGlobal("navigator", { locks: { request } });
    const [one, two] = [browserStore("runs/a"), browserStore("runs/a")];
    const unlock = await one.lock?.();
    await expect(two.lock?.()).rejects.toThrow(RunInUseError);
    await unlock?.();
    await Promise.resolve();
    await (await two.lock?.())?.();
    expect([...held]).toEqual([]);
  });
});
