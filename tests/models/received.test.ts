// What is taken from each token, of attention within windows that is written by hand.
import { describe, expect, test } from "vitest";
import { type Tensor, tensor } from "../../mod.ts";
import { received, type Windowing } from "../../models/mod.ts";
import { useNodeDevice } from "../functions/check.ts";

useNodeDevice();

/** Attention of windows of 2 x 2 whose queries, filling too, all have the same row: `rows[window]`. */
const alike = (rows: readonly number[][]) =>
  tensor(
    rows.flatMap((row) => [row, row, row, row].flat()),
    { shape: [1, rows.length, 1, 4, 4] },
  );
const map = async (attention: Tensor, side: number, windowing: Windowing) =>
  [...(await received(attention, side, windowing).data())].map((value) => Math.round(value * 1e6) / 1e6);

describe("what is taken from each token", () => {
  test("is the mean of all queries in a single window, head by head and image by image", async () => {
    const first = [
      ...[1, 0, 0, 0],
      ...[0.5, 0.5, 0, 0],
      ...[0.25, 0.25, 0.25, 0.25],
      ...[0, 0, 0.5, 0.5], // query 3
    ];
    const second = [first.slice(8), first.slice(0, 8)].flat();
    const third = Array(16).fill(0.25);
    const fourth = Array.from({ length: 16 }, (_, i) => (i % 4 === 2 ? 1 : 0));
    const attention = tensor([first, second, third, fourth].flat(), { shape: [2, 1, 2, 4, 4] });
    const maps = received(attention, 2, { window: 2, shift: 0 });
    expect(maps.shape).toEqual([2, 2, 4]);
    const ofFirst = [0.4375, 0.1875, 0.1875, 0.1875];
    expect([...(await maps.data())]).toEqual([ofFirst, ofFirst, Array(4).fill(0.25), [0, 0, 1, 0]].flat());
  });

  test("stands where the token stands in the grid", async () => {
    const windows = [
      [0.1, 0.2, 0.3, 0.4],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
      [0.7, 0.1, 0.1, 0.1],
    ];
    expect(await map(alike(windows), 4, { window: 2, shift: 0 })).toEqual([
      ...[0.1, 0.2, 1, 0],
      ...[0.3, 0.4, 0, 0],
      ...[0, 0, 0.7, 0.1],
      ...[0, 1, 0.1, 0.1],
    ]);
    // The first window begins at row and column 1; the last has the four corners.
    expect(await map(alike(windows), 4, { window: 2, shift: 1 })).toEqual([
      ...[0.1, 0, 1, 0.1],
      ...[0, 0.1, 0.2, 1],
      ...[0, 0.3, 0.4, 0],
      ...[0.1, 0, 0, 0.7],
    ]);
  });

  test("does not count what fills the grid up", async () => {
    // A grid of 3 x 3: the windows at the edge have two tokens, two and one. Only the rows of tokens are 0.1 to 0.4.
    const row = [0.1, 0.2, 0.3, 0.4];
    const [filling, half] = [[9, 9, 9, 9], row.map((x) => x / 2)];
    const queries = [row, half, row, half, row, filling, half, filling, row, half, filling, filling];
    const attention = tensor([...queries, row, filling, filling, filling].flat(), {
      shape: [1, 4, 1, 4, 4],
    });
    expect(await map(attention, 3, { window: 2, shift: 0 })).toEqual([
      ...[0.075, 0.15, 0.075],
      ...[0.225, 0.3, 0.225],
      ...[0.075, 0.15, 0.1],
    ]);
  });
});
