import { expect, test } from "vitest";
import { greedyPermutations, type Permutations, scatSimClrPermutations } from "../../training/mod.ts";
import { goldenTest } from "../golden/golden-file.ts";

const hamming = (a: readonly number[], b: readonly number[]): number => a.filter((x, i) => x !== b[i]).length;

function pairDistances(rows: Permutations): number[] {
  return rows.flatMap((a, i) => rows.slice(0, i).map((b) => hamming(a, b)));
}

test("the published ones are 35, far apart, and the second is the identity", () => {
  const rows = scatSimClrPermutations;
  expect(rows.length).toBe(35);
  for (const row of rows) expect([...row].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(rows[1]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const distances = pairDistances(rows);
  expect(Math.min(...distances)).toBe(3);
  expect(Math.max(...distances)).toBe(9);
  expect(distances.reduce((a, b) => a + b, 0) / distances.length).toBeCloseTo(8.229, 3);
});

for (const name of ["jigsaw_24", "jigsaw_32"]) {
  goldenTest(
    `scatsimclr/${name}`,
    `the published ones are those of the reference, ${name}`,
    async (golden) => {
      expect(scatSimClrPermutations.flat()).toEqual(Array.from(golden.values("permutations")));
    },
  );
}

test("greedy ones start with the identity and are each as far from the others as can be", () => {
  const rows = greedyPermutations(12, 5);
  expect(rows[0]).toEqual([0, 1, 2, 3, 4]);
  expect(rows[1]).toEqual([1, 0, 3, 4, 2]); // the first without a fixed point
  expect(new Set(rows.map((row) => row.join(""))).size).toBe(12);
  const all = greedyPermutations(120, 5);
  rows.forEach((row, i) => {
    const earlier = rows.slice(0, i);
    const sum = (candidate: readonly number[]) =>
      earlier.reduce((n, other) => n + hamming(candidate, other), 0);
    const left = all.filter((x) => !earlier.some((y) => hamming(x, y) === 0));
    expect(sum(row)).toBe(Math.max(...left.map(sum)));
  });
});

test("greedy ones of nine tiles are as spread as the published ones", () => {
  const distances = pairDistances(greedyPermutations(35));
  const mean = distances.reduce((a, b) => a + b, 0) / distances.length;
  expect(mean).toBeGreaterThan(8.2);
});

test("asking for more than there are is an error", () => {
  expect(() => greedyPermutations(7, 3)).toThrow("7 of 6 permutations");
  expect(() => greedyPermutations(2, 10)).toThrow("10 tiles");
});
