import type { Embeddings } from "./embeddings.ts";
import type { Objective } from "./lbfgs.ts";

// Softmax regression: weights `[width, classes]` with the biases behind them as one list of numbers; the mean
// cross-entropy of the rows plus a penalty on the squared weights, without the biases.

export interface Regression {
  readonly rows: Embeddings;
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** Weight of the squared weights. */
  readonly penalty: number;
}

/** How many weights and biases there are. */
export const regressionSize = ({ rows, classes }: Regression): number => (rows.width + 1) * classes;

/** The loss and its gradient, on the host in float64. */
export function regressionOnHost({ rows, labels, classes, penalty }: Regression): Objective {
  const { count, width, values } = rows;
  const scores = new Float64Array(classes);
  return (x, gradient) => {
    gradient.fill(0);
    let loss = 0;
    for (let i = 0; i < count; i++) {
      const from = i * width;
      scoreRow(values, from, width, x, classes, scores);
      loss += crossEntropyInPlace(scores, labels[i] as number) / count;
      for (let c = 0; c < classes; c++) scores[c]! /= count;
      for (let k = 0; k < width; k++) {
        const value = values[from + k] as number;
        const to = k * classes;
        for (let c = 0; c < classes; c++) gradient[to + c]! += value * (scores[c] as number);
      }
      const to = width * classes;
      for (let c = 0; c < classes; c++) gradient[to + c]! += scores[c] as number;
    }
    return loss + addPenalty(x, gradient, width * classes, penalty);
  };
}

/** The penalty; its gradient is added. */
export function addPenalty(
  x: Float64Array,
  gradient: Float64Array,
  weights: number,
  penalty: number,
): number {
  let square = 0;
  for (let i = 0; i < weights; i++) {
    const w = x[i] as number;
    square += w * w;
    gradient[i]! += 2 * penalty * w;
  }
  return penalty * square;
}

/** The class of each row. */
export function regressionClasses(
  { count, width, values }: Embeddings,
  x: Float64Array,
  classes: number,
): Int32Array {
  const scores = new Float64Array(classes);
  return Int32Array.from({ length: count }, (_, i) => {
    scoreRow(values, i * width, width, x, classes, scores);
    return scores.indexOf(Math.max(...scores));
  });
}

function scoreRow(
  values: Float32Array,
  from: number,
  width: number,
  x: Float64Array,
  classes: number,
  scores: Float64Array,
): void {
  for (let c = 0; c < classes; c++) scores[c] = x[width * classes + c] as number;
  for (let k = 0; k < width; k++) {
    const value = values[from + k] as number;
    const at = k * classes;
    for (let c = 0; c < classes; c++) scores[c]! += value * (x[at + c] as number);
  }
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
