import { hostConstant } from "../host-constant.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { withGradient } from "./gradient.ts";

const o = ops;

/**
 * A matrix whose rows are 0 outside a stretch: resampling and adaptive pooling along one axis. Row i is `weights[i]`
 * for the inputs from `starts[i]` on.
 */
export interface Band {
  /** Tells bands apart, for the cache of their tables. */
  readonly name: string;
  readonly inputs: number;
  readonly starts: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

/** The band of the transposed matrix. */
export function transposedBand(band: Band): Band {
  const starts = new Array<number>(band.inputs).fill(0);
  const weights = Array.from({ length: band.inputs }, (): number[] => []);
  band.weights.forEach((row, i) => {
    row.forEach((w, k) => {
      if (w === 0) return;
      const at = (band.starts[i] as number) + k;
      const target = weights[at] as number[];
      if (target.length === 0) starts[at] = i;
      while (target.length < i - (starts[at] as number)) target.push(0);
      target.push(w);
    });
  });
  return { name: `${band.name}T`, inputs: band.weights.length, starts, weights };
}

/** Rows of equal length: `filler` behind the end of shorter ones. */
const table = (rows: readonly (readonly number[])[], length: number, filler: number): number[] =>
  rows.flatMap((row) => [...row, ...new Array<number>(length - row.length).fill(filler)]);

interface Taps {
  /** [.., outputs, taps, ..] in place of the axis. */
  readonly values: GraphNode;
  /** Of the same rank, 1 outside these two axes. */
  readonly weights: GraphNode;
  readonly shape: readonly number[];
}

/** The inputs that each output looks at, side by side. */
export function tapsOf(x: GraphNode, axis: number, band: Band): Taps {
  const outputs = band.weights.length;
  const taps = Math.max(1, ...band.weights.map((row) => row.length));
  const indices = hostConstant(
    `${band.name}:indices`,
    [outputs * taps],
    () => {
      const rows = band.weights.map((row, i) => row.map((_, k) => (band.starts[i] as number) + k));
      return table(rows, taps, 0);
    },
    "i32",
  );
  const weights = hostConstant(`${band.name}:weights`, [outputs, taps], () => table(band.weights, taps, 0));
  const flat = x.shape.map((n, i) => (i === axis ? outputs * taps : n));
  const at = o.broadcastTo(
    o.reshape(
      indices,
      flat.map((n, i) => (i === axis ? n : 1)),
    ),
    flat,
  );
  const shape = [...x.shape.slice(0, axis), outputs, taps, ...x.shape.slice(axis + 1)];
  const narrow = shape.map((n, i) => (i === axis || i === axis + 1 ? n : 1));
  return { values: o.reshape(o.gather(x, at, axis), shape), weights: o.reshape(weights, narrow), shape };
}

/** Multiplies an axis by the matrix of a band. */
export function applyBand(x: GraphNode, axis: number, band: Band): GraphNode {
  const { values, weights } = tapsOf(x, axis, band);
  // Where there is no tap a value must not count, be it infinite or NaN.
  const used = o.where(
    o.broadcastTo(o.equal(weights, 0), values.shape),
    0,
    o.mul(values, o.cast(weights, x.dtype)),
  );
  const sums = o.sum(used, [axis + 1]);
  const y = o.reshape(
    sums,
    x.shape.map((n, i) => (i === axis ? band.weights.length : n)),
  );
  // The adjoint of a gather would look at every output for every input; the transposed band knows where to look.
  return withGradient(y, [x], (ct) => [applyBand(ct, axis, transposedBand(band))]);
}

/** Bins that cover n inputs with `outputs` averages of whole elements, by the rule of adaptive pooling. */
export function adaptiveBins(n: number, outputs: number): Band {
  const starts = Array.from({ length: outputs }, (_, i) => Math.floor((i * n) / outputs));
  const weights = starts.map((start, i) => {
    const length = Math.ceil(((i + 1) * n) / outputs) - start;
    return new Array<number>(length).fill(1 / length);
  });
  return { name: `adaptive:${n}:${outputs}`, inputs: n, starts, weights };
}
