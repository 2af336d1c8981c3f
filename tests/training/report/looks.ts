import type { ReportLooks } from "../../../training/report/data.ts";

const [ROWS, COLUMNS, HEADS, WIDTH] = [2, 3, 2, 4];
const CELLS = ROWS * COLUMNS;

/** What an encoder might see in three images of 4 x 6 pixels, six patches each. Features point along the axes and between. */
export function someLooks(names: readonly string[]): ReportLooks {
  const count = 3;
  const axes = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
    [1, 1, 0, 0],
    [0, 0, -1, 0],
  ];
  // Image by image the patches are one place further along.
  const features = Array.from({ length: count * CELLS }, (_, row) => {
    const axis = axes[((row % CELLS) + Math.floor(row / CELLS)) % axes.length] as number[];
    return axis.map((value) => value * (row + 1));
  });
  return {
    names,
    images: {
      ...{ count, height: 4, width: 6, channels: 3 },
      data: Uint8Array.from({ length: count * 4 * 6 * 3 }, (_, i) => (i * 37) % 256),
    },
    looks: {
      ...{ count, grid: [ROWS, COLUMNS], kind: "class token", heads: HEADS },
      maps: Float32Array.from({ length: count * HEADS * CELLS }, (_, i) => ((i * 5) % 7) / 30),
      patches: { count: count * CELLS, width: WIDTH, values: Float32Array.from(features.flat()) },
    },
  };
}
