// SelfPatch's networks on grids that are not square, and on the smallest one.
import { describe, expect, test } from "vitest";
import { key, type Tensor, take, tensor } from "../../mod.ts";
import { mapPaths, ringTable, SelfPatchNetwork, similarNeighbours } from "../../models/mod.ts";
import { useNodeDevice } from "../functions/check.ts";
import { distance } from "../support/distance.ts";

useNodeDevice();

const [ROWS, COLUMNS, WIDTH, K] = [4, 9, 4, 3];
const cells = Array.from({ length: ROWS * COLUMNS }, (_, i) => i);

/** Numbers between -0.5 and 0.5, another list for each seed. */
const numbers = (seed: number, shape: readonly number[]): Tensor => {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
    const x = Math.sin(seed * 12.9898 + i * 78.233) * 43758.5453;
    return x - Math.floor(x) - 0.5;
  });
  return tensor(values, { shape });
};

/** Cells whose rows and columns are at most one apart, over the edges too. */
function around(cell: number): number[] {
  const near = (a: number, b: number, n: number) => [0, 1, n - 1].includes(Math.abs(a - b));
  const [row, column] = [Math.floor(cell / COLUMNS), cell % COLUMNS];
  return cells.filter(
    (other) =>
      other !== cell &&
      near(row, Math.floor(other / COLUMNS), ROWS) &&
      near(column, other % COLUMNS, COLUMNS),
  );
}

/** The patches around a cell that are most like it, by loops. */
function alike(patches: readonly (readonly number[])[], cell: number): number[] {
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const own = patches[cell]!;
  const cosine = (other: number) =>
    dot(own, patches[other]!) / Math.hypot(...own) / Math.hypot(...patches[other]!);
  return around(cell)
    .sort((a, b) => cosine(b) - cosine(a))
    .slice(0, K);
}

const rowsOf = async (x: Tensor): Promise<number[][]> => {
  const values = Array.from(await x.data());
  return cells.map((cell) => values.slice(cell * WIDTH, (cell + 1) * WIDTH));
};

describe("patches around a patch", () => {
  test("are eight on any grid of sides from 3 on", () => {
    expect(ringTable(ROWS, COLUMNS)).toEqual(cells.map(around));
    expect(ringTable(3)).toEqual(
      Array.from({ length: 9 }, (_, i) => [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((j) => j !== i)),
    );
    expect(() => ringTable(4, 2)).toThrow("a grid of 4 x 2 has no rings; need sides of 3 or more");
  });

  test("that are most like it are found on a grid that is no square, though it has as many cells as one", async () => {
    const patches = numbers(1, [1, ROWS * COLUMNS, WIDTH]); // 4 x 9 as 6 x 6
    const rows = await rowsOf(patches);
    const found = Array.from(await similarNeighbours(patches, K, [ROWS, COLUMNS]).index.data());
    expect(cells.map((cell) => found.slice(cell * K, (cell + 1) * K))).toEqual(
      cells.map((cell) => alike(rows, cell)),
    );
    expect(() => similarNeighbours(patches, K, [4, 8])).toThrow("36 patches are not 4 x 8");
    expect(() => similarNeighbours(numbers(1, [1, 24, WIDTH]), K)).toThrow(
      "24 patches form no square; give the grid",
    );
  });
});

test("the teacher sums up what is around each patch of an image that is no square", async () => {
  const plain = new SelfPatchNetwork({
    key: key(0),
    backbone: { width: WIDTH, depth: 1, heads: 2, patch: 2, imageSize: 8 },
    head: { hidden: 6, bottleneck: 5, out: 7 },
    patchOut: 6,
  });
  let seed = 1;
  const network = mapPaths(plain, (leaf) => numbers(++seed, leaf.shape));
  const images = numbers(99, [1, 3, 2 * ROWS, 2 * COLUMNS]);
  const patches = network.backbone.forward(images);
  const rows = await rowsOf(patches);
  const chosen = tensor(Int32Array.from(cells.flatMap((cell) => alike(rows, cell))));
  const sets = take(patches.squeeze(0), chosen, { axis: 0 }).reshape([cells.length, K, WIDTH]);
  const wanted = network.ca_head.norm.forward(network.ca_head.summary(sets)).squeeze(1);
  const { patch, counts } = network.scores([images], undefined, { neighbours: K });
  expect(counts).toEqual([cells.length]);
  const want = await network.p_head.forward(wanted).data();
  expect(distance(await (patch as Tensor).data(), want)).toBeLessThan(5e-6);
});
