import { expect, test } from "vitest";
import { labelsOfPixels, propagateLabels, regionSimilarity } from "../../../../training/mod.ts";

const [ROWS, COLUMNS] = [6, 10];
const CELLS = ROWS * COLUMNS;
const grid = [ROWS, COLUMNS] as const;

/** Whether a patch belongs to the object: two by three patches that move by `speed` columns a frame. */
const inside = (left: number, patch: number): boolean => {
  const [row, column] = [Math.floor(patch / COLUMNS), patch % COLUMNS];
  return row >= 2 && row < 4 && column >= left && column < left + 3;
};

/** Features of a frame: those of the object along one axis, those of the background along another, with a little of a third. */
const frame = (left: number) => ({
  features: Float32Array.from({ length: CELLS * 3 }, (_, i) => {
    const [patch, axis] = [Math.floor(i / 3), i % 3];
    if (axis === 2) return 0.3 * Math.sin(patch * 1.7 + left);
    return (axis === 0) === inside(left, patch) ? 2 : 0.1;
  }),
});

const labelsAt = (left: number): Float32Array =>
  Float32Array.from({ length: 2 * CELLS }, (_, i) => (inside(left, i % CELLS) === i >= CELLS ? 1 : 0));

const follow = (lefts: readonly number[], options: { radius?: number } = {}): number[] => {
  const [start = 0, ...rest] = lefts;
  const labels = propagateLabels(lefts.map(frame), labelsAt(start), { grid, ...options });
  return [...labels].map((map, t) => {
    const { classes } = labelsOfPixels(map, grid, 1);
    const truth = classes.map((_, patch) => (inside(rest[t] as number, patch) ? 1 : 0));
    return regionSimilarity(classes, truth);
  });
};

test("a mask follows its object through a video", () => {
  expect(follow([0, 1, 2, 3, 4, 5, 6, 7])).toEqual(Array(7).fill(1));
});

test("and finds it again after frames without it, since the first frame is never forgotten", () => {
  const away = Array(9).fill(-5);
  expect(follow([1, ...away, 1]).at(-1)).toBe(1);
});

test("but not where it has gone farther than patches are asked", () => {
  expect(follow([0, 7], { radius: 2 })).toEqual([0]);
  expect(follow([0, 7], { radius: 7 })).toEqual([1]);
});

test("each patch belongs to all classes together", () => {
  const [map] = [...propagateLabels([frame(0), frame(2)], labelsAt(0), { grid })];
  for (let patch = 0; patch < CELLS; patch++) expect(map![patch]! + map![CELLS + patch]!).toBeCloseTo(1, 6);
});

test("frames of another size are told", () => {
  const frames = [frame(0), { features: new Float32Array(7) }];
  expect(() => [...propagateLabels(frames, labelsAt(0), { grid })]).toThrow("are not those of 60 patches");
});
