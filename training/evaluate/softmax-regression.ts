import type { Embeddings } from "./embeddings.ts";
import { largestAt } from "./labelled.ts";
import type { Objective } from "./lbfgs.ts";

// Softmax regression: weights `[classes, width]` with the biases behind them as one list of numbers; the mean
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
  const { count, width } = rows;
  const padded = fourByFour(rows);
  const weights = width * classes;
  const scores = new Float64Array(4 * classes);
  return (x, gradient) => {
    gradient.fill(0);
    let loss = 0;
    for (let first = 0; first < count; first += 4) {
      scoreFour(padded, first * width, width, x, classes, scores);
      for (let r = 0; r < 4; r++) {
        const row = scores.subarray(r * classes, (r + 1) * classes);
        if (first + r >= count) {
          row.fill(0);
          continue;
        }
        loss += crossEntropyInPlace(row, labels[first + r] as number) / count;
        for (let c = 0; c < classes; c++) {
          row[c]! /= count;
          gradient[weights + c]! += row[c] as number;
        }
      }
      addFour(padded, first * width, width, scores, classes, gradient);
    }
    return loss + addPenalty(x, gradient, weights, penalty);
  };
}

/** The rows with rows of zeros behind them, up to a multiple of four. Loops over four rows at once are twice as fast. */
function fourByFour({ count, width, values }: Embeddings): Float64Array {
  const padded = new Float64Array(Math.ceil(count / 4) * 4 * width);
  padded.set(values);
  return padded;
}

/** Scores of four rows from `at` on. */
function scoreFour(
  rows: Float64Array,
  at: number,
  width: number,
  x: Float64Array,
  classes: number,
  scores: Float64Array,
): void {
  const [b, c, d] = [at + width, at + 2 * width, at + 3 * width];
  for (let k = 0; k < classes; k++) {
    const bias = x[classes * width + k] as number;
    let [s0, s1, s2, s3] = [bias, bias, bias, bias];
    for (let i = 0, w = k * width; i < width; i++, w++) {
      const weight = x[w] as number;
      s0 += (rows[at + i] as number) * weight;
      s1 += (rows[b + i] as number) * weight;
      s2 += (rows[c + i] as number) * weight;
      s3 += (rows[d + i] as number) * weight;
    }
    scores[k] = s0;
    scores[classes + k] = s1;
    scores[2 * classes + k] = s2;
    scores[3 * classes + k] = s3;
  }
}

/** Adds what four rows give to the gradient of the weights. */
function addFour(
  rows: Float64Array,
  at: number,
  width: number,
  errors: Float64Array,
  classes: number,
  gradient: Float64Array,
): void {
  const [b, c, d] = [at + width, at + 2 * width, at + 3 * width];
  for (let k = 0; k < classes; k++) {
    const e0 = errors[k] as number;
    const e1 = errors[classes + k] as number;
    const e2 = errors[2 * classes + k] as number;
    const e3 = errors[3 * classes + k] as number;
    for (let i = 0, w = k * width; i < width; i++, w++) {
      gradient[w]! +=
        (rows[at + i] as number) * e0 +
        (rows[b + i] as number) * e1 +
        (rows[c + i] as number) * e2 +
        (rows[d + i] as number) * e3;
    }
  }
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
export function regressionClasses(rows: Embeddings, x: Float64Array, classes: number): Int32Array {
  const padded = fourByFour(rows);
  const scores = new Float64Array(4 * classes);
  const predictions = new Int32Array(rows.count);
  for (let first = 0; first < rows.count; first += 4) {
    scoreFour(padded, first * rows.width, rows.width, x, classes, scores);
    for (let r = 0; r < 4 && first + r < rows.count; r++) {
      predictions[first + r] = largestAt(scores, r * classes, classes);
    }
  }
  return predictions;
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
