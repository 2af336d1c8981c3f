import { normalize, stopGradient, type Tensor, take, takeAlongAxis, tensor, topK } from "../../mod.ts";

/**
 * The cells around each cell of a grid whose edges meet, in rising order: `[rows * columns][8]`.
 *
 * @param columns Default: as many as rows.
 * @throws {RangeError} If a side is below 3, where a cell would be a neighbour twice.
 */
export function ringTable(rows: number, columns = rows): number[][] {
  if (!(rows >= 3 && columns >= 3))
    throw new RangeError(`ringTable: a grid of ${rows} x ${columns} has no rings; need sides of 3 or more`);
  const steps = [-1, 0, 1];
  return Array.from({ length: rows * columns }, (_, cell) => {
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const square = steps.flatMap((r) =>
      steps.map((c) => ((row + r + rows) % rows) * columns + ((column + c + columns) % columns)),
    );
    return square.filter((other) => other !== cell).sort((a, b) => a - b);
  });
}

/** Rows and columns of the patches of an image. */
export type PatchGrid = readonly [rows: number, columns: number];

export interface Neighbours {
  /** Cosine of each patch with the eight around it, by rising place in the grid: `f32[B, N, 8]`. */
  readonly similarity: Tensor;
  /** Which of the eight are the most similar, the best first: `i32[B, N, k]`. */
  readonly top: Tensor;
  /** Their places in the grid, `i32[B, N, k]`. */
  readonly index: Tensor;
}

/**
 * For each patch of a grid the k patches around it that resemble it most. The grid is a torus: patches at an edge are
 * next to those at the opposite one, as in the reference code.
 *
 * @param tokens `f32[B, N, D]`, row by row.
 * @param grid Rows and columns of the patches, 3 or more of each. Default: a square.
 * @throws {RangeError} If the tokens form no such grid.
 *
 * Gradient: none; the choice is not differentiated.
 *
 * Source: models/selfpatch/neighbours.ts. Paper: Yun et al. 2022, section 3.1.
 */
export function similarNeighbours(tokens: Tensor, k: number, grid?: PatchGrid): Neighbours {
  const [batch = 0, count = 0, width = 0] = tokens.shape;
  const side = Math.round(Math.sqrt(count));
  const [rows, columns] = grid ?? [side, side];
  if (rows * columns !== count) {
    const form = grid ? `are not ${rows} x ${columns}` : "form no square; give the grid";
    throw new RangeError(`similarNeighbours: ${count} patches ${form}`);
  }
  const ring = tensor(Int32Array.from(ringTable(rows, columns).flat()), { shape: [1, count, 8] });
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
