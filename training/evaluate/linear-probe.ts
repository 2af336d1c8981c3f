import type { Embeddings } from "./embeddings.ts";
import type { Labelled } from "./knn.ts";
import { lbfgs } from "./lbfgs.ts";

export interface LinearProbeOptions {
  /** Weight of the squared weights beside the mean cross-entropy. Default 0.005. */
  penalty?: number;
  /** Most iterations. Default 500. */
  iterations?: number;
}

/**
 * Share of the test rows that a linear classifier on standardised features gets right. The classifier is the minimum of
 * a convex function, so the result depends on the embeddings alone.
 *
 * Source: training/evaluate/linear-probe.ts.
 */
export function linearProbeAccuracy(
  train: Labelled,
  test: Labelled,
  options: LinearProbeOptions = {},
): number {
  const { penalty = 0.005, iterations = 500 } = options;
  const classes = 1 + Math.max(...Array.from(train.labels), ...Array.from(test.labels));
  const scale = standardiser(train.embeddings);
  const rows = scale(train.embeddings);
  const { count, width } = train.embeddings;
  const weights = lbfgs(
    (x, gradient) => {
      const scores = scoresOf(rows, count, width, x, classes);
      let loss = 0;
      for (let i = 0; i < count; i++) {
        const row = scores.subarray(i * classes, (i + 1) * classes);
        const label = train.labels[i] as number;
        loss += crossEntropyInPlace(row, label) / count;
        for (let c = 0; c < classes; c++) row[c]! /= count;
      }
      gradientOf(rows, count, width, scores, classes, gradient);
      for (let i = 0; i < width * classes; i++) {
        const w = x[i] as number;
        loss += penalty * w * w;
        gradient[i]! += 2 * penalty * w;
      }
      return loss;
    },
    new Float64Array((width + 1) * classes),
    { iterations },
  );
  const scores = scoresOf(scale(test.embeddings), test.embeddings.count, width, weights, classes);
  let hits = 0;
  for (let i = 0; i < test.embeddings.count; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(Math.max(...row)) === test.labels[i]) hits++;
  }
  return hits / test.embeddings.count;
}

/** To zero mean and unit deviation in the training rows. */
function standardiser({ count, width, values }: Embeddings): (x: Embeddings) => Float64Array {
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  for (let i = 0; i < values.length; i++) {
    mean[i % width]! += (values[i] as number) / count;
  }
  for (let i = 0; i < values.length; i++) {
    square[i % width]! += ((values[i] as number) - (mean[i % width] as number)) ** 2 / count;
  }
  const scale = square.map((variance) => 1 / (Math.sqrt(variance) + 1e-6));
  return (x) =>
    Float64Array.from(
      x.values,
      (value, i) => (value - (mean[i % width] as number)) * (scale[i % width] as number),
    );
}

/** `[count, classes]` from weights `[width, classes]` with the biases behind them. */
function scoresOf(
  rows: Float64Array,
  count: number,
  width: number,
  weights: Float64Array,
  classes: number,
): Float64Array {
  const scores = new Float64Array(count * classes);
  for (let i = 0; i < count; i++) {
    const to = i * classes;
    for (let c = 0; c < classes; c++) scores[to + c] = weights[width * classes + c] as number;
    for (let k = 0; k < width; k++) {
      const value = rows[i * width + k] as number;
      const from = k * classes;
      for (let c = 0; c < classes; c++) scores[to + c]! += value * (weights[from + c] as number);
    }
  }
  return scores;
}

/** Turns scores into softmax minus the label, the gradient, and gives the loss. */
function crossEntropyInPlace(row: Float64Array, label: number): number {
  const most = Math.max(...row);
  const right = (row[label] as number) - most;
  let total = 0;
  for (let c = 0; c < row.length; c++) {
    row[c] = Math.exp((row[c] as number) - most);
    total += row[c] as number;
  }
  for (let c = 0; c < row.length; c++) row[c]! /= total;
  row[label]! -= 1;
  return Math.log(total) - right;
}

function gradientOf(
  rows: Float64Array,
  count: number,
  width: number,
  errors: Float64Array,
  classes: number,
  gradient: Float64Array,
): void {
  gradient.fill(0);
  for (let i = 0; i < count; i++) {
    const from = i * classes;
    for (let k = 0; k < width; k++) {
      const value = rows[i * width + k] as number;
      const to = k * classes;
      for (let c = 0; c < classes; c++) gradient[to + c]! += value * (errors[from + c] as number);
    }
    for (let c = 0; c < classes; c++) gradient[width * classes + c]! += errors[from + c] as number;
  }
}
