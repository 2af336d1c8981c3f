// Runs that are killed at any moment, and resumed.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configureDevice } from "../../mod.ts";
import { bundle } from "../../tools/bundle.mjs";
import { cache } from "../../tools/host/tool.mjs";
import { folderStore } from "../../training/run/folder-store.ts";
import { METRICS, readMetrics } from "../../training/run/metrics-file.ts";
import { memoryStore, type RunStore } from "../../training/run/store.ts";
import { nodeGPU } from "../support/host.ts";
import { eventsOf, lossesOf } from "./small.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const usual = { epochs: 12, batch: 4, seed: 7, checkpointEvery: 3, monitorEvery: 10 };

const stepsOf = async (store: RunStore) =>
  readMetrics((await store.read(METRICS)) ?? new Uint8Array()).filter(({ type }) => type === "step");

describe("a process that is killed again and again", () => {
  const folder = mkdtempSync(join(tmpdir(), "morlet-killed-"));
  const script = join(cache, "killed-child.mjs");
  let child: ChildProcess | null = null;
  beforeAll(() =>
    bundle({ entry: join(import.meta.dirname, "killed-child.ts"), outfile: script, platform: "node" }),
  );
  afterAll(() => {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  /** Runs the child until it ends, or until `when` of its steps are told, and some milliseconds more. */
  function run(when: number, milliseconds: number): Promise<number | null> {
    const started = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
    child = started;
    let steps = 0;
    started.stdout.on("data", (data: Buffer) => {
      steps += String(data).split("\n").length - 1;
      if (steps >= when) setTimeout(() => started.kill("SIGKILL"), milliseconds);
    });
    return new Promise((resolve) => started.on("exit", (code) => resolve(code)));
  }

  test("ends with the losses of one that was not", { timeout: 240_000 }, async () => {
    const codes: (number | null)[] = [];
    // Deterministic numbers of steps, and times within a step that no two machines share.
    for (const when of [1, 4, 9, 2, 13, 5]) codes.push(await run(when, Math.random() * 40));
    for (let tries = 0; codes.at(-1) !== 0 && tries < 3; tries++) codes.push(await run(1000, 0));
    expect(codes.at(-1)).toBe(0);
    expect(codes.filter((code) => code === null).length).toBeGreaterThanOrEqual(3);
    const lines = await stepsOf(folderStore(folder));
    expect(lines.map(({ step }) => step)).toEqual(Array.from({ length: 48 }, (_, i) => i + 1));
    expect(lines.map(({ loss }) => loss)).toEqual(lossesOf(await eventsOf(usual)));
    expect(readdirSync(folder).sort()).toEqual([
      "checkpoint-00000045.safetensors",
      "checkpoint-00000048.safetensors",
      METRICS,
    ]);
  });
});

/** A store that dies at its n-th change: before it, or in its middle where it has one. */
function mortal(store: RunStore, lives: number, half: boolean): RunStore {
  let left = lives;
  const change = async (whole: () => Promise<void>, partial?: () => Promise<void>): Promise<void> => {
    if (left-- > 0) return whole();
    if (half && left === -1) await partial?.();
    throw new Error("killed");
  };
  return {
    read: (name) => store.read(name),
    list: () => store.list(),
    write: (name, bytes) => change(() => store.write(name, bytes)), // all or nothing
    append: (name, text) =>
      change(
        () => store.append(name, text),
        () => store.append(name, text.slice(0, Math.floor(text.length * 0.7))),
      ),
    remove: (name) => change(() => store.remove(name)),
  };
}

describe("a store that dies at any of its changes", () => {
  const short = { ...usual, epochs: 2, checkpointEvery: 2, monitorEvery: 0 };

  test.each([true, false])(
    "leaves a run that goes on with the same losses (in the middle: %s)",
    { timeout: 240_000 },
    async (half) => {
      const expected = lossesOf(await eventsOf(short));
      let lives = 0;
      for (let alive = false; !alive; lives++) {
        const store = memoryStore();
        try {
          await eventsOf({ ...short, store: mortal(store, lives, half) });
          alive = true;
        } catch (error) {
          expect((error as Error).message).toBe("killed");
        }
        await eventsOf({ ...short, store, resume: true });
        expect((await stepsOf(store)).map(({ loss }) => loss)).toEqual(expected);
      }
      expect(lives).toBeGreaterThan(8);
    },
  );
});
