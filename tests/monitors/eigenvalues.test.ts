import { describe, expect, test } from "vitest";
import { eigenvalues } from "../../training/monitors/eigenvalues.ts";

const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);

describe("eigenvalues", () => {
  test("of small matrices", () => {
    expect(eigenvalues([])).toEqual([]);
    expect(eigenvalues([Float64Array.of(3)])).toEqual([3]);
    const two = sorted(eigenvalues([Float64Array.of(2, 1), Float64Array.of(1, 2)]));
    expect(two[0]).toBeCloseTo(1, 12);
    expect(two[1]).toBeCloseTo(3, 12);
    expect(eigenvalues([new Float64Array(3), new Float64Array(3), new Float64Array(3)])).toEqual([0, 0, 0]);
  });

  test.each([5, 20, 60])("of a rotated diagonal of %i", (n) => {
    const want = Array.from({ length: n }, (_, i) => (i % 4 === 0 ? 0 : ((i * 7919) % 101) / 10 - 3));
    // Reflections at arbitrary planes leave the eigenvalues as they are.
    let matrix = want.map((x, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? x : 0)));
    for (let turn = 1; turn <= 4; turn++) {
      const v = Array.from({ length: n }, (_, i) => Math.sin(i * turn * 1.7 + turn));
      const square = v.reduce((sum, x) => sum + x * x, 0);
      const h = v.map((x, i) => v.map((y, j) => (i === j ? 1 : 0) - (2 * x * y) / square));
      const times = (a: ArrayLike<number>[], b: ArrayLike<number>[]) =>
        a.map((_, i) =>
          Float64Array.from({ length: n }, (_, j) => a.reduce((sum, _, k) => sum + a[i]![k]! * b[k]![j]!, 0)),
        );
      matrix = times(times(h, matrix), h);
    }
    const got = sorted(eigenvalues(matrix));
    sorted(want).forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, 9);
    });
  });
});
