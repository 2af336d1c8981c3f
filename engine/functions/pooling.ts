import { axisError, shapeError } from "../core/errors.ts";
import { dim, range, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { makeNode } from "../ir/node.ts";
import type { Primitive } from "../ir/primitive.ts";
import { ops } from "../ops/build.ts";
import { argmax as argmaxRecord } from "../ops/reduce.ts";
import { adaptiveBins, applyBand, tapsOf } from "./band.ts";
import { define } from "./define.ts";
import { withGradient } from "./gradient.ts";
import { meanOf } from "./reduce-axes.ts";
import { type PerAxis, perAxis, withBatch } from "./spatial.ts";
import { checkPositions, overlapAdd, slidingWindows, type WindowOptions } from "./windows.ts";

const o = ops;

export interface MaxPoolOptions {
  kernelSize: PerAxis;
  /** By default the size of the window. */
  stride?: PerAxis;
  padding?: PerAxis;
  dilation?: PerAxis;
  /** Whether a last window that begins inside but ends outside counts. */
  ceilMode?: boolean;
}

export interface AvgPoolOptions {
  kernelSize: PerAxis;
  stride?: PerAxis;
  padding?: PerAxis;
  ceilMode?: boolean;
  /** Whether padding counts as zeros in the mean, or not at all. */
  countIncludePad?: boolean;
}

function poolWindows(x: GraphNode, rank: number, options: MaxPoolOptions): WindowOptions {
  const kernel = perAxis("kernelSize", options.kernelSize, rank, 1);
  const stride = perAxis("stride", options.stride ?? options.kernelSize, rank, 1);
  const padding = perAxis("padding", options.padding ?? 0, rank, 0);
  const dilation = perAxis("dilation", options.dilation ?? 1, rank, 1);
  if (padding.some((p, i) => 2 * p > dim(kernel, i))) {
    throw axisError({
      problem: "padding is more than half of the window",
      got: { kernelSize: kernel, padding },
      need: "windows that touch the input",
    });
  }
  const positions = kernel.map((k, i) => {
    const n = dim(x.shape, i + 2);
    const [s, p] = [dim(stride, i), dim(padding, i)];
    const steps = (n + 2 * p - dim(dilation, i) * (k - 1) - 1) / s;
    if (!options.ceilMode) return Math.floor(steps) + 1;
    const count = Math.ceil(steps) + 1;
    // The last window must begin in the input or in the padding before it.
    return (count - 1) * s >= n + p ? count - 1 : count;
  });
  const w = { kernel, stride, padding, dilation, positions };
  checkPositions(x, w);
  return w;
}

const tapAxes = (rank: number): number[] => range(rank).map((i) => 2 + rank + i);

/** Row-major numbers of the taps of [B, C, ...positions, ...kernel]. */
function tapNumbers(shape: readonly number[], rank: number): GraphNode {
  const axes = tapAxes(rank);
  const kernel = axes.map((a) => dim(shape, a));
  const flat = o.iota([sizeOf(kernel)], 0);
  return o.broadcastTo(o.reshape(flat, [...shape.slice(0, 2 + rank).map(() => 1), ...kernel]), shape);
}

const argmax = (x: GraphNode, axes: readonly number[]): GraphNode =>
  makeNode(argmaxRecord as Primitive, [x], { axes: [...axes] });

const lowest = (x: GraphNode): number =>
  x.dtype === "i32" ? -(2 ** 31) : x.dtype === "u32" ? 0 : Number.NEGATIVE_INFINITY;

/** Windows for a maximum: outside of the input nothing can win. */
function windowsToChoose(x: GraphNode, w: WindowOptions): GraphNode {
  const windows = slidingWindows(x, w);
  return o.where(slidingWindows(o.full(x.shape, 1, "bool"), w), windows, lowest(x));
}

function maxPool(rank: number, input: GraphNode, options: MaxPoolOptions): GraphNode {
  const { x, restore } = withBatch(input, rank);
  const w = poolWindows(x, rank, options);
  const axes = tapAxes(rank);
  const kept = [...x.shape.slice(0, 2), ...w.positions];
  const y = o.reshape(o.max(windowsToChoose(x, w), axes), kept);
  // Of equal values the first gets the gradient, where the max primitive would share it.
  return restore(
    withGradient(y, [x], (ct, ins) => {
      const windows = windowsToChoose(ins[0] as GraphNode, w);
      const first = o.broadcastTo(argmax(windows, axes), windows.shape);
      const hit = o.equal(tapNumbers(windows.shape, rank), first);
      const wide = o.broadcastTo(o.reshape(ct, [...kept, ...w.kernel.map(() => 1)]), windows.shape);
      return [overlapAdd(o.where(hit, wide, 0), w, x.shape.slice(2))];
    }),
  );
}

/** How many elements each window averages over, of shape [1, 1, ...positions]; a number where it is the same. */
function windowSizes(w: WindowOptions, space: readonly number[], includePad: boolean): GraphNode | number {
  const axes = w.kernel.map((k, i) => {
    const [s, p, n] = [dim(w.stride, i), dim(w.padding, i), dim(space, i)];
    return range(dim(w.positions, i)).map((j) => {
      const start = j * s - p;
      const end = Math.min(start + k, n + p);
      return includePad ? end - start : Math.min(end, n) - Math.max(start, 0);
    });
  });
  if (axes.every((sizes) => sizes.every((size) => size === sizes[0])))
    return axes.reduce((product, sizes) => product * (sizes[0] ?? 1), 1);
  const shape = [1, 1, ...w.positions];
  return w.kernel.reduce<GraphNode>(
    (product, k, i) => {
      const [s, p, n] = [dim(w.stride, i), dim(w.padding, i), dim(space, i)];
      const start = o.add(o.mul(o.iota(shape, 2 + i), s), -p);
      const end = o.minimum(o.add(start, k), n + p);
      const size = includePad ? o.sub(end, start) : o.sub(o.minimum(end, n), o.maximum(start, 0));
      return o.mul(product, o.cast(size, "f32"));
    },
    o.full(shape, 1, "f32"),
  );
}

function avgPool(rank: number, input: GraphNode, options: AvgPoolOptions): GraphNode {
  const { x, restore } = withBatch(input, rank);
  const w = poolWindows(x, rank, options);
  const sums = o.reshape(o.sum(slidingWindows(x, w), tapAxes(rank)), [
    ...x.shape.slice(0, 2),
    ...w.positions,
  ]);
  const sizes = windowSizes(w, x.shape.slice(2), options.countIncludePad ?? true);
  return restore(typeof sizes === "number" ? o.mul(sums, 1 / sizes) : o.div(sums, o.cast(sizes, sums.dtype)));
}

const maxPoolOf = (rank: number) =>
  define(`maxPool${rank}d`, (x: GraphNode, options: MaxPoolOptions) => maxPool(rank, x, options));
const avgPoolOf = (rank: number) =>
  define(`avgPool${rank}d`, (x: GraphNode, options: AvgPoolOptions) => avgPool(rank, x, options));

export const maxPool1d = maxPoolOf(1);
export const maxPool2d = maxPoolOf(2);
export const maxPool3d = maxPoolOf(3);
export const avgPool1d = avgPoolOf(1);
export const avgPool2d = avgPoolOf(2);
export const avgPool3d = avgPoolOf(3);

/** x and the sizes to pool it to; refuses what is empty. */
function adaptiveOperands(rank: number, input: GraphNode, outputSize: PerAxis) {
  const { x, restore } = withBatch(input, rank);
  const sizes = perAxis("outputSize", outputSize, rank, 1);
  if (x.shape.slice(2).some((n) => n === 0))
    throw shapeError({ problem: "nothing to pool", got: { x }, need: "spatial axes of 1 or more" });
  return { x, sizes, restore };
}

/** Averages over bins of equal size, along all axes that fall into such, at once. */
function evenAverages(x: GraphNode, sizes: readonly number[]): GraphNode {
  const even = sizes.map((size, i) => dim(x.shape, i + 2) % size === 0);
  const split = sizes.flatMap((size, i) =>
    even[i] ? [size, dim(x.shape, i + 2) / size] : [dim(x.shape, i + 2), 1],
  );
  const lead = x.shape.slice(0, 2);
  const axes = sizes.flatMap((_, i) => (even[i] ? [3 + 2 * i] : []));
  const pooled = sizes.map((size, i) => (even[i] ? size : dim(x.shape, i + 2)));
  return o.reshape(meanOf(o.reshape(x, [...lead, ...split]), axes), [...lead, ...pooled]);
}

function adaptiveAvgPool(rank: number, input: GraphNode, outputSize: PerAxis): GraphNode {
  const { x, sizes, restore } = adaptiveOperands(rank, input, outputSize);
  let y = evenAverages(x, sizes);
  sizes.forEach((size, i) => {
    const n = dim(y.shape, i + 2);
    if (n !== size) y = applyBand(y, i + 2, adaptiveBins(n, size));
  });
  return restore(y);
}

/** The maximum along an axis that is dropped; of equal values the first gets the gradient. */
function firstMax(x: GraphNode, axis: number, shape: readonly number[]): GraphNode {
  return withGradient(o.reshape(o.max(x, [axis]), shape), [x], (ct, ins) => {
    const values = ins[0] as GraphNode;
    const hit = o.equal(o.iota(values.shape, axis), o.broadcastTo(argmax(values, [axis]), values.shape));
    const kept = values.shape.map((n, i) => (i === axis ? 1 : n));
    return [o.where(hit, o.broadcastTo(o.reshape(ct, kept), values.shape), 0)];
  });
}

/** The largest of each bin along one axis. */
function largestOfBins(x: GraphNode, axis: number, size: number): GraphNode {
  const n = dim(x.shape, axis);
  const shape = x.shape.map((m, i) => (i === axis ? size : m));
  if (n % size === 0) {
    const bins = o.reshape(x, [...x.shape.slice(0, axis), size, n / size, ...x.shape.slice(axis + 1)]);
    return firstMax(bins, axis + 1, shape);
  }
  const { values, weights } = tapsOf(x, axis, adaptiveBins(n, size));
  const none = o.broadcastTo(o.equal(weights, 0), values.shape);
  return firstMax(o.where(none, lowest(x), values), axis + 1, shape);
}

function adaptiveMaxPool(rank: number, input: GraphNode, outputSize: PerAxis): GraphNode {
  const { x, sizes, restore } = adaptiveOperands(rank, input, outputSize);
  // From the last axis on, so that of equal maxima the first one in row-major order wins.
  return restore(
    sizes.reduceRight((y, size, i) => (dim(y.shape, i + 2) === size ? y : largestOfBins(y, i + 2, size)), x),
  );
}

const adaptiveAvgPoolOf = (rank: number) =>
  define(`adaptiveAvgPool${rank}d`, (x: GraphNode, outputSize: PerAxis) =>
    adaptiveAvgPool(rank, x, outputSize),
  );
const adaptiveMaxPoolOf = (rank: number) =>
  define(`adaptiveMaxPool${rank}d`, (x: GraphNode, outputSize: PerAxis) =>
    adaptiveMaxPool(rank, x, outputSize),
  );

export const adaptiveAvgPool1d = adaptiveAvgPoolOf(1);
export const adaptiveAvgPool2d = adaptiveAvgPoolOf(2);
export const adaptiveAvgPool3d = adaptiveAvgPoolOf(3);
export const adaptiveMaxPool1d = adaptiveMaxPoolOf(1);
export const adaptiveMaxPool2d = adaptiveMaxPoolOf(2);
export const adaptiveMaxPool3d = adaptiveMaxPoolOf(3);

export const globalAvgPool = define(
  "globalAvgPool",
  (x: GraphNode, { keepDims = false }: { keepDims?: boolean } = {}): GraphNode => {
    if (x.shape.length < 3)
      throw shapeError({
        problem: "no spatial axes",
        got: { x },
        need: "x of shape [B, C, ...space]",
      });
    const mean = meanOf(x, range(x.shape.length).slice(2));
    return keepDims ? mean : o.reshape(mean, x.shape.slice(0, 2));
  },
);
