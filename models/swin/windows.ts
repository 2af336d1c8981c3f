import { ones, pad, roll, type Tensor, tensor } from "../../mod.ts";

/**
 * How a grid of tokens falls into windows. `shift` moves the windows by so many rows and columns; those that then
 * stand on both ends of the grid keep their parts from seeing each other.
 */
export interface Windowing {
  readonly window: number;
  readonly shift: number;
}

/** The side of a grid filled up to whole windows. */
export const paddedSide = (side: number, window: number): number => Math.ceil(side / window) * window;

/**
 * A grid of tokens as windows, row by row; zeros fill it up at its right and lower edge.
 *
 * @param x `f32[B, S, S, D]`.
 * @returns `f32[B, windows, w * w, D]`.
 */
export function partition(x: Tensor, { window: w, shift }: Windowing): Tensor {
  const [batch = 0, side = 0, , width = 0] = x.shape;
  const padded = paddedSide(side, w);
  const more = padded - side;
  const full =
    more > 0
      ? pad(x, [
          [0, 0],
          [0, more],
          [0, more],
          [0, 0],
        ])
      : x;
  const moved = shift > 0 ? roll(full, [-shift, -shift], { axis: [1, 2] }) : full;
  const n = padded / w;
  return moved
    .reshape([batch, n, w, n, w, width])
    .permute([0, 1, 3, 2, 4, 5])
    .reshape([batch, n * n, w * w, width]);
}

/** Windows `f32[B, windows, w * w, D]` back to the grid `f32[B, side, side, D]` that they were made of. */
export function unpartition(windows: Tensor, side: number, { window: w, shift }: Windowing): Tensor {
  const [batch = 0, , , width = 0] = windows.shape;
  const padded = paddedSide(side, w);
  const n = padded / w;
  const grid = windows
    .reshape([batch, n, n, w, w, width])
    .permute([0, 1, 3, 2, 4, 5])
    .reshape([batch, padded, padded, width]);
  const back = shift > 0 ? roll(grid, [shift, shift], { axis: [1, 2] }) : grid;
  return padded > side ? back.slice(null, [0, side], [0, side]) : back;
}

/**
 * How much is taken from each token of the grid, in the mean of the tokens of its window; what fills the grid up does not count.
 *
 * @param attention Of a block: `f32[B, windows, heads, w * w, w * w]`, query by key.
 * @param side S, of the grid that the windows were made of.
 * @returns `f32[B, heads, S * S]`. With a single window and nothing to fill up it is the mean of all queries.
 *
 * Source: models/swin/windows.ts.
 */
export function received(attention: Tensor, side: number, windowing: Windowing): Tensor {
  const [batch = 0, windows = 0, heads = 0, places = 0] = attention.shape;
  const tokens = partition(ones([1, side, side, 1]), windowing).reshape([1, windows, 1, places, 1]);
  const mean = attention
    .mul(tokens)
    .sum({ axis: 3 })
    .div(tokens.sum({ axis: 3 }));
  return unpartition(mean.swapAxes(2, 3), side, windowing)
    .reshape([batch, side * side, heads])
    .swapAxes(1, 2);
}

/** What pairs of positions get that only meet in a window because the grid was rolled. */
const APART = -100;

/**
 * Added to the scores of shifted windows: 0, or -100 where two positions come from different ends of the grid.
 *
 * @param side Of the padded grid.
 * @returns `f32[windows, 1, w * w, w * w]`.
 */
export function shiftMask(side: number, { window: w, shift }: Windowing): Tensor {
  const labels = regionLabels(side, { window: w, shift });
  const [rows, columns] = [labels.unsqueeze(2), labels.unsqueeze(1)];
  return rows.notEqual(columns).cast("f32").mul(APART).unsqueeze(1);
}

/** Which part of the rolled grid each position of each window is from, `i32[windows, w * w]`. */
function regionLabels(side: number, { window: w, shift }: Windowing): Tensor {
  const along = (at: number) => (at < side - w ? 0 : at < side - shift ? 1 : 2);
  const n = side / w;
  const labels = Int32Array.from({ length: side * side }, (_, i) => {
    const [block, within] = [Math.floor(i / (w * w)), i % (w * w)];
    const row = Math.floor(block / n) * w + Math.floor(within / w);
    const column = (block % n) * w + (within % w);
    return 3 * along(row) + along(column);
  });
  return tensor(labels, { shape: [n * n, w * w] });
}
