import { expect } from "vitest";
import { treeLeaves } from "../../mod.ts";

/** The largest distance, in units of the largest magnitude (at least `floor`) that is expected. */
export function relativeDistance(got: ArrayLike<number>, want: ArrayLike<number>, floor = 1e-30): number {
  expect(got.length, "number of values").toBe(want.length);
  let worst = 0;
  let size = floor;
  for (let i = 0; i < want.length; i++) {
    const gap = Math.abs((got[i] as number) - (want[i] as number));
    if (!(gap <= worst)) worst = gap; // so that NaN shows
    size = Math.max(size, Math.abs(want[i] as number));
  }
  return worst / size;
}

/**
 * Expects every tensor of a tree to be close to the values that its path has, relative to their largest magnitude or to
 * `floor` where that is larger.
 */
export async function expectClose(
  tree: unknown,
  values: (path: string) => ArrayLike<number>,
  tolerance: number,
  floor?: number,
): Promise<void> {
  const far: string[] = [];
  for (const { path, value } of treeLeaves(tree)) {
    const distance = relativeDistance(await value.data(), values(path), floor);
    if (!(distance <= tolerance)) far.push(`${path}: ${distance}`);
  }
  expect(far).toEqual([]);
}
