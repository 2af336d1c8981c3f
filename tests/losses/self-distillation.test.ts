// The losses of DINO, SelfPatch and EsViT against loops over crops, images, patches and prototypes.
import { expect, test } from "vitest";
import { dinoLoss, esVitLoss, selfPatchLoss } from "../../losses/mod.ts";
import { ShapeError, type Tensor, tensor } from "../../mod.ts";
import { useNodeDevice } from "../functions/check.ts";

useNodeDevice();

type Table = number[][];

/** Numbers that look random, rows by columns. */
const table = (seed: number, rows: number, columns: number): Table =>
  Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) => 2 * Math.sin(seed * 7.3 + r * 3.1 + c * (1.7 + r))),
  );

const given = (x: Table): Tensor => tensor(x);

function probabilities(scores: readonly number[], center: readonly number[], temperature: number): number[] {
  const exps = scores.map((s, k) => Math.exp((s - (center[k] as number)) / temperature));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / total);
}

/** Cross-entropy of a teacher's row and a student's. */
function crossEntropy(
  student: readonly number[],
  teacher: readonly number[],
  center: readonly number[],
): number {
  const zeros = student.map(() => 0);
  const p = probabilities(student, zeros, 0.1);
  const q = probabilities(teacher, center, TEMPERATURE);
  return -q.reduce((sum, share, k) => sum + share * Math.log(p[k] as number), 0);
}

const TEMPERATURE = 0.5;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const columnMeans = (rows: Table) =>
  (rows[0] as number[]).map((_, k) => mean(rows.map((row) => row[k] as number)));
const moved = (center: readonly number[], rows: Table) =>
  columnMeans(rows).map((m, k) => 0.9 * center[k]! + 0.1 * m);

const [CROPS, BATCH, COUNT] = [4, 2, 5];
const center = table(9, 1, COUNT)[0] as number[];
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Teacher views and other crops. */
const pairs = range(2).flatMap((i) => range(CROPS).flatMap((v) => (v === i ? [] : [[i, v] as const])));

const close = async (got: Tensor, want: number | readonly number[]) => {
  const values = await got.data();
  [want].flat().forEach((w, i) => {
    expect(values[i]).toBeCloseTo(w, 4);
  });
};

const viewLoss = (student: Table, teacher: Table) =>
  mean(
    pairs.map(([i, v]) =>
      mean(range(BATCH).map((b) => crossEntropy(student[v * BATCH + b]!, teacher[i * BATCH + b]!, center))),
    ),
  );

const [student, teacher] = [table(1, CROPS * BATCH, COUNT), table(2, CROPS * BATCH, COUNT)];
const options = { crops: CROPS, center: tensor([center]), teacherTemperature: TEMPERATURE };

test("DINO", async () => {
  const globals = teacher.slice(0, 2 * BATCH);
  const { loss, center: next } = dinoLoss(given(student), given(globals), options);
  await close(loss, viewLoss(student, globals));
  await close(next, moved(center, globals));
});

test("SelfPatch: crops count alike, however many patches they have", async () => {
  const patches = [4, 3] as const;
  const rows = BATCH * (2 * patches[0] + (CROPS - 2) * patches[1]);
  const [mine, theirs] = [table(3, rows, COUNT), table(4, rows, COUNT)];
  const found = selfPatchLoss(
    { class: given(student), patch: given(mine) },
    { class: given(teacher), patch: given(theirs) },
    { ...options, patches, patchCenter: tensor([center]) },
  );
  let at = 0;
  const perCrop = range(CROPS).map((v) => {
    const size = BATCH * (patches[v < 2 ? 0 : 1] as number);
    const entropies = range(size).map((r) => crossEntropy(mine[at + r]!, theirs[at + r]!, center));
    at += size;
    return mean(entropies);
  });
  await close(found.classLoss, viewLoss(student, teacher));
  await close(found.patchLoss, mean(perCrop));
  await close(found.loss, viewLoss(student, teacher) + 0.1 * mean(perCrop));
  await close(found.center, moved(center, teacher)); // all crops
  await close(found.patchCenter, moved(center, theirs));
});

test("EsViT: each region learns from the region that resembles it most", async () => {
  const regions = [4, 3] as const;
  const rows = BATCH * (2 * regions[0] + (CROPS - 2) * regions[1]);
  const wide = BATCH * 2 * regions[0];
  const [mine, theirs] = [table(3, rows, COUNT), table(4, wide, COUNT)];
  const [seen, known] = [table(5, rows, 3), table(6, wide, 3)];
  const globals = teacher.slice(0, 2 * BATCH);
  const found = esVitLoss(
    { view: given(student), region: given(mine), features: given(seen) },
    { view: given(globals), region: given(theirs), features: given(known) },
    { ...options, regions, regionCenter: tensor([center]) },
  );
  const cosine = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i]!, 0) / Math.hypot(...a) / Math.hypot(...b);
  const first = (v: number) => BATCH * (v < 2 ? v * regions[0] : 2 * regions[0] + (v - 2) * regions[1]);
  const regionLoss = mean(
    pairs.map(([i, v]) => {
      const size = regions[v < 2 ? 0 : 1] as number;
      const entropies = range(BATCH).flatMap((b) =>
        range(size).map((a) => {
          const row = first(v) + b * size + a;
          const from = (i * BATCH + b) * regions[0];
          const likeness = range(regions[0]).map((j) => cosine(seen[row]!, known[from + j]!));
          const best = from + likeness.indexOf(Math.max(...likeness));
          return crossEntropy(mine[row]!, theirs[best]!, center);
        }),
      );
      return mean(entropies);
    }),
  );
  await close(found.regionLoss, regionLoss);
  await close(found.loss, 0.5 * viewLoss(student, globals) + 0.5 * regionLoss);
  await close(found.regionCenter, moved(center, theirs));
});

test("rows that are not those of the crops are refused", () => {
  expect(() => dinoLoss(given(student), given(teacher), options)).toThrow(
    "not those of the crops of one batch",
  );
  const globals = given(teacher.slice(0, 2 * BATCH));
  const places = given(table(3, 5, COUNT));
  const [both, centers] = [{ patches: [4, 3], regions: [4, 3] } as const, tensor([center])];
  const wrongPatches = () =>
    selfPatchLoss(
      { class: given(student), patch: places },
      { class: given(teacher), patch: places },
      { ...options, ...both, patchCenter: centers },
    );
  expect(wrongPatches).toThrow(ShapeError);
  expect(wrongPatches).toThrow(
    "5 rows are not those of 4 patches of each large crop and 3 of each small one",
  );
  const wrongRegions = () =>
    esVitLoss(
      { view: given(student), region: places, features: places },
      { view: globals, region: places, features: places },
      { ...options, ...both, regionCenter: centers },
    );
  expect(wrongRegions).toThrow(ShapeError);
  expect(wrongRegions).toThrow("not those of 4 regions of each large crop and 3 of each small one");
});
