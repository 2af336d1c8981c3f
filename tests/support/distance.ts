import { expect } from "vitest";

/** The largest distance between two lists of equal length; NaN if there is one. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length, "number of values").toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const gap = Math.abs((a[i] as number) - (b[i] as number));
    if (Number.isNaN(gap)) return gap;
    worst = Math.max(worst, gap);
  }
  return worst;
}

/** The largest absolute value. */
export function largest(a: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] as number));
  return most;
}
