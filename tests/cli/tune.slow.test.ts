// Tiles that were measured on this adapter, from the command that measures them to runs that use them.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { configureDevice, getDevice } from "../../mod.ts";
import { keepTuning, keptTuning } from "../../tune.ts";
import { nodeGPU } from "../support/host.ts";
import { morlet } from "./host.ts";
import { tiny, writePictures } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "morlet-tune-"));
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  configureDevice({ gpu: nodeGPU() });
  vi.stubEnv("XDG_CACHE_HOME", at("cache"));
  await writePictures(at("photos"), 24, true);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A command in a process of its own would open a device of its own. */
async function alone(...args: Parameters<typeof morlet>): ReturnType<typeof morlet> {
  (await getDevice()).destroy();
  return morlet(...args);
}

const run = (name: string) => {
  const lines = readFileSync(at("runs", name, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n");
  const steps = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "step");
  return {
    losses: steps.map(({ loss }) => loss),
    tuning: JSON.parse(readFileSync(at("runs", name, "config.json"), "utf8")).tuning,
  };
};

test("what is measured is kept, used by runs, and by those that go on whatever has been measured since", {
  timeout: 300_000,
}, async () => {
  const pretrain = ["pretrain", "--data", at("photos"), "--hold-out", "0.25", "--seed", "3", ...tiny];
  const args = [...pretrain, "--runs", at("runs"), "--checkpoint-every", "1", "--no-report"];
  const plain = await alone([...args, "--name", "plain"]);
  expect(plain.code).toBe(0);
  expect(plain.out).not.toContain("measured on it");
  expect(run("plain").tuning).toBeNull();

  expect((await alone(["doctor"])).out).toContain("tiles of products: the usual ones; morlet tune measures");
  const tuned = await alone(["tune", "--products", "4x4x8,2x4x4x4", "--seconds", "8"]);
  expect(tuned.errors).toBe("");
  expect(tuned.code).toBe(0);
  expect(tuned.out).toMatch(/\n1x4x4x8: \w+, tm \d+/);
  expect(tuned.out).toContain("2x4x4x4: ");
  expect(readdirSync(at("cache", "morlet"))).toHaveLength(1);

  expect((await alone(["doctor"])).out).toContain("tiles of products: as measured on this adapter");

  const whole = await alone([...args, "--name", "whole"]);
  expect(whole.out).toContain("with the tiles that were measured on it");
  const halt = (said: string) => (said.includes("epoch 1/2  mean loss") ? ("interrupt" as const) : undefined);
  expect((await alone([...args, "--name", "halted"], { watch: halt })).code).toBe(130);

  const device = await getDevice();
  const adapter = device.profile.adapter;
  const table = await keptTuning(adapter);
  expect(run("whole").tuning).toEqual(table);
  if (table) await keepTuning({ ...table, rounds: { "1x1": 1e-3 }, dots: {} });
  const rest = await alone(["pretrain", "--resume", "halted", "--runs", at("runs"), "--no-report"]);
  expect(rest.errors).toBe("");
  expect(rest.code).toBe(0);
  expect(run("halted").tuning).toEqual(table);
  expect(run("halted").losses).toEqual(run("whole").losses);
});

test("sizes that are none are told", async () => {
  for (const text of ["16x8", "16x8x0", "a", "1x2x3x4x5"]) {
    const { code, errors } = await morlet(["tune", "--products", text]);
    expect(code).toBe(2);
    expect(errors).toContain(`--products has "${text}"`);
  }
  expect((await morlet(["tune", "--seconds", "soon"])).errors).toContain("--seconds is soon");
});
