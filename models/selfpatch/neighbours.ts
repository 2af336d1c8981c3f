import { normalize, stopGradient, type Tensor, take, takeAlongAxis, tensor, topK } from "../../mod.ts";

/**
 * The cells around each cell of a square grid whose edges meet, in rising order: `[side * side][8]`.
 *
 * @throws {RangeError} If the side is below 3, where a cell would be a neighbour twice.
 */
export function ringTable(side: number): number[][] {
  if (!(side >= 3)) throw new RangeError(`ringTable: a grid of side ${side} has no rings; need 3 or more`);
  const wrap = (i: number) => (i + side) % side;
  const steps = [-1, 0, 1];
  return Array.from({ length: side * side }, (_, cell) => {
    const [row, column] = [Math.floor(cell / side), cell % side];
    const square = steps.flatMap((r) => steps.map((c) => wrap(row + r) * side + wrap(column + c)));
    return square.filter((other) => other !== cell).sort((a, b) => a - b);
  });
}

export interface Neighbours {
  /** Cosine of each patch with the eight around it, by rising place in the grid: `f32[B, N, 8]`. */
  readonly similarity: Tensor;
  /** Which of the eight are the most similar, the best first: `i32[B, N, k]`. */
  readonly top: Tensor;
  /** Their places in the grid, `i32[B, N, k]`. */
  readonly index: Tensor;
}

/**
 * For each patch of a square grid the k patches around it that resemble it most. The grid is a torus: patches at an
 * edge are next to those at the opposite one, as in the reference code.
 *
 * @param tokens `f32[B, N, D]`, N = side * side with a side of 3 or more.
 * @throws {RangeError} If the tokens form no such grid.
 *
 * Gradient: none; the choice is not differentiated.
 *
 * Source: models/selfpatch/neighbours.ts. Paper: Yun et al. 2022, section 3.1.
 */
export function similarNeighbours(tokens: Tensor, k: number): Neighbours {
  const [batch = 0, count = 0, width = 0] = tokens.shape;
  const side = Math.round(Math.sqrt(count));
  if (side * side !== count)
    throw new RangeError(`similarNeighbours: ${count} patches form no square grid; try square images`);
  const ring = tensor(Int32Array.from(ringTable(side).flat()), { shape: [1, count, 8] });
  const unit = normalize(stopGradient(tokens), { axis: -1, eps: 1e-12 });
  const around = take(unit, ring.flatten(), { axis: 1 }).reshape([batch, count, 8, width]);
  const similarity = unit.unsqueeze(2).mul(around).sum({ axis: -1 });
  const top = topK(similarity, k).indices;
  return { similarity, top, index: takeAlongAxis(ring.broadcastTo([batch, count, 8]), top) };
}

/**
 * Rows of the neighbours of each patch.
 *
 * @param rows A row for each patch, `f32[B, N, D]`.
 * @param index Places of neighbours, `i32[B, N, k]`.
 * @returns `f32[B, N, k, D]`
 */
export function rowsOfNeighbours(rows: Tensor, index: Tensor): Tensor {
  const [batch = 0, count = 0, width = 0] = rows.shape;
  const k = index.shape[2] as number;
  return takeAlongAxis(rows, index.reshape([batch, count * k, 1]), { axis: 1 }).reshape([
    batch,
    count,
    k,
    width,
  ]);
}
