import { afterEach, expect, test, vi } from "vitest";
import { baseProfile, KERNELS, type TuningTable } from "../../engine/core/profile.ts";
import { agree, asPlanned, candidates } from "../../engine/tuning/tune.ts";
import {
  arange,
  compile,
  createDevice,
  type Device,
  explain,
  setDevice,
  type Tensor,
  zeros,
} from "../../mod.ts";
import { isTuning, keepTuning, keptTuning, tune } from "../../tune.ts";
import { nodeGPU, nullGPU } from "../support/host.ts";

const gpu = nodeGPU();
const open: Device[] = [];

async function deviceWith(table: (adapter: string) => TuningTable | null): Promise<Device> {
  const device = await createDevice({ gpu, kernels: "software", tuning: table });
  open.push(device);
  setDevice(device);
  return device;
}

afterEach(() => {
  for (const device of open.splice(0)) device.destroy();
  vi.unstubAllEnvs();
});

/** A product of matrices and how many workgroups it launches. */
async function product(): Promise<{ values: number[]; groups: string }> {
  const [a, b] = [24, 40].map((n, i) =>
    arange(20 * n)
      .cast("f32")
      .mul(0.37 + i)
      .sin()
      .reshape(i === 0 ? [24, 20] : [20, 40]),
  ) as [Tensor, Tensor];
  const run = compile((x: Tensor, y: Tensor) => x.matmul(y));
  const values = Array.from(await run(a, b).data()) as number[];
  const { kernels } = explain(run, a, b);
  return { values, groups: kernels.map((k) => `${k.workgroups}`).join() };
}

const tileOf = (device: Device): Record<string, string | number> =>
  device.profile.quads
    ? { variant: "quad", tm: 2, tn: 1, quads: 1 }
    : { variant: "direct", tm: 2, tn: 1, workgroupSize: 4 };

test("a table changes the plan and not the result", async () => {
  const plain = await deviceWith(() => null);
  const before = await product();
  const dots = { "1,24,40,20": tileOf(plain) };
  await deviceWith((adapter) => ({ adapter, kernels: KERNELS, dots }));
  const after = await product();
  expect(after.groups).not.toBe(before.groups);
  expect(after.values.every((v, i) => Math.abs(v - (before.values[i] as number)) < 1e-5)).toBe(true);
});

test("what rounds take decides about the tile of a quad", async () => {
  const plain = await deviceWith(() => null);
  if (!plain.profile.quads) return;
  const before = await product();
  // All but one size take for ever.
  const sizes = Array.from({ length: 16 }, (_, i) => [1, 2, 3, 4].map((tn) => `${i + 1}x${tn}`)).flat();
  const rounds = Object.fromEntries(sizes.map((size) => [size, size === "3x1" ? 1 : 1e9]));
  await deviceWith((adapter) => ({ adapter, kernels: KERNELS, rounds }));
  const after = await product();
  // 24 / 3 times 40 / 4 tiles, four lanes each.
  expect(after.groups).toBe("20,1,1");
  expect(after.groups).not.toBe(before.groups);
  expect(after.values.every((v, i) => Math.abs(v - (before.values[i] as number)) < 1e-5)).toBe(true);
});

test("tables of another adapter or of other kernels are not used", async () => {
  const plain = await deviceWith(() => null);
  const dots = { "1,24,40,20": tileOf(plain) };
  const foreign = await deviceWith(() => ({ adapter: "another one", kernels: KERNELS, dots }));
  expect(foreign.profile.tuning).toBeUndefined();
  const old = await deviceWith((adapter) => ({ adapter, kernels: KERNELS - 1, dots }));
  expect(old.profile.tuning).toBeUndefined();
});

test("a table is kept by adapter, and not read back when it is damaged", async () => {
  const { mkdtempSync, readdirSync, rmSync, writeFileSync } = await import("node:fs");
  const { join } = await import("node:path");
  const folder = mkdtempSync(join((await import("node:os")).tmpdir(), "morlet-tuning-"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
  const dots = { "1,2,3,4": { variant: "direct", tm: 1, tn: 2, workgroupSize: 4 } };
  const table: TuningTable = { adapter: "Maker x1", kernels: KERNELS, rounds: { "1x1": 5 }, dots };
  expect(await keptTuning("Maker x1")).toBeNull();
  await keepTuning(table);
  expect(await keptTuning("Maker x1")).toEqual(table);
  expect(await keptTuning("Maker x2")).toBeNull();
  const file = join(folder, "morlet", readdirSync(join(folder, "morlet"))[0] as string);
  for (const text of ["{", "null", '{"adapter":"Maker x1","kernels":0}']) {
    writeFileSync(file, text);
    expect(await keptTuning("Maker x1")).toBeNull();
  }
  rmSync(folder, { recursive: true });
});

test("tables with tiles or times that make no sense are none", () => {
  const base = { adapter: "a", kernels: KERNELS };
  expect(isTuning(base)).toBe(true);
  const wrong = [
    { rounds: { "1x1": Number.NaN } },
    { rounds: 3 },
    { dots: { "1,1,1,1": { variant: "quad", tm: 0, tn: 1, quads: 1 } } },
    { dots: { "1,1,1,1": { variant: "round", tm: 1 } } },
    { dots: { "1,1,1,1": null } },
    { dots: { "1,1,1,1": { variant: "staged", bm: 64, bn: 64, bk: 8, tm: 2, tn: 4 } } },
  ];
  for (const parts of wrong) expect(isTuning({ ...base, ...parts }), JSON.stringify(parts)).toBe(false);
});

test("tuning times the tiles that fit and names the fastest", async () => {
  // Direct tiles: no subgroups.
  const device = await createDevice({ gpu, kernels: "gpu" });
  open.push(device);
  setDevice(device);
  const seen: number[] = [];
  const table = await tune({
    shapes: [{ batch: 1, m: 3, n: 2, k: 4 }],
    runs: 1,
    onCandidate: (_, __, ms) => seen.push(ms ?? Number.NaN),
  });
  expect(table.adapter).toBe(device.profile.adapter);
  expect(isTuning(table)).toBe(true);
  expect(Object.keys(table.dots ?? {})).toEqual(["1,3,2,4"]);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.every((ms) => ms > 0)).toBe(true);
});

test("what is tuned is the piece that a plan cuts a long product into", async () => {
  const shape = { batch: 1, m: 64, n: 64, k: 4096 };
  const planned = asPlanned(baseProfile, shape);
  expect(planned.batch).toBeGreaterThan(1);
  expect(planned.batch * planned.k).toBe(4096);
  const tile = { variant: "staged", bm: 32, bn: 64, bk: 16, tm: 4, tn: 8 };
  const device = await createDevice({
    gpu: nullGPU(),
    kernels: "gpu",
    tuning: (adapter) => ({
      adapter,
      kernels: KERNELS,
      dots: { [`${planned.batch},64,64,${planned.k}`]: tile },
    }),
  });
  open.push(device);
  setDevice(device);
  const run = compile((x: Tensor, y: Tensor) => x.matmul(y));
  const plan = run.plan(zeros([64, 4096]), zeros([4096, 64]));
  expect(plan.steps[0]?.program.workgroups).toEqual([2 * planned.batch, 1, 1]);
});

test("there are few tiles to try on a GPU, and all of them fit", () => {
  for (const k of [64, 384, 4096]) {
    const tiles = candidates(baseProfile, { batch: 1, m: 6304, n: 384, k });
    expect(tiles.length).toBeGreaterThan(5);
    expect(tiles.length).toBeLessThanOrEqual(12);
  }
  expect(candidates(baseProfile, { batch: 1, m: 6304, n: 384, k: 4 })).toEqual([]);
});

test("a tile that computes something else is told from one that adds in another order", () => {
  const right = Float32Array.of(100, -3, 0);
  expect(agree(Float32Array.of(100.005, -3.001, 0.001), right)).toBe(true);
  expect(agree(Float32Array.of(100, -3.1, 0), right)).toBe(false);
  expect(agree(Float32Array.of(100, Number.NaN, 0), right)).toBe(false);
});
