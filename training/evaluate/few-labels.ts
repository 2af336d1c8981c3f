import { knnAccuracy } from "./knn.ts";
import { classesOf, type Labelled, labelledRows } from "./labelled.ts";
import { linearProbeAccuracy } from "./linear-probe.ts";
import { hostRandom, shuffled } from "./random.ts";

export interface FewLabelOptions {
  /** Labels of each class. Default 1, 2, 5, 10, 20, 50 and so on, while every class has so many. */
  perClass?: readonly number[];
  /** Times that labels are drawn for each number. Default 5. */
  draws?: number;
  /** Default 0. */
  seed?: number;
  /** Default "linear": softmax regression. */
  classifier?: "linear" | "knn";
}

export interface FewLabelPoint {
  readonly perClass: number;
  /** Of the draws. */
  readonly accuracies: readonly number[];
  readonly mean: number;
  /** Standard deviation over the draws (with one draw less in the denominator; 0 for one draw). */
  readonly deviation: number;
}

/**
 * What the embeddings are worth with few labels: accuracy against the number of labels of each class, over several
 * draws of which rows are labelled. Draws are nested: those with more labels hold those with fewer.
 *
 * @throws {RangeError} If a class has fewer rows than were asked for.
 *
 * @example
 *   for (const { perClass, mean } of await fewLabelCurve(train, test)) console.log(perClass, mean);
 *
 * Source: training/evaluate/few-labels.ts.
 */
export async function fewLabelCurve(
  train: Labelled,
  test: Labelled,
  options: FewLabelOptions = {},
): Promise<FewLabelPoint[]> {
  const { draws = 5, seed = 0, classifier = "linear" } = options;
  const members = rowsByClass(train.labels, classesOf(train.labels));
  const least = Math.min(...members.map((rows) => rows.length));
  const { perClass = usualCounts(least) } = options;
  const most = Math.max(...perClass, 0);
  if (most > least)
    throw new RangeError(
      `fewLabelCurve: ${most} labels of a class that has ${least} rows; try fewer perClass`,
    );
  const measure = classifier === "knn" ? knnAccuracy : linearProbeAccuracy;
  const orders = Array.from({ length: draws }, (_, draw) => {
    const random = hostRandom(seed * 1009 + draw);
    return members.map((rows) => shuffled(rows.length, random).map((i) => rows[i] as number));
  });
  const points: FewLabelPoint[] = [];
  for (const count of perClass) {
    const accuracies: number[] = [];
    for (const order of orders) {
      const labelled = labelledRows(
        train,
        order.flatMap((rows) => rows.slice(0, count)),
      );
      accuracies.push(await measure(labelled, test));
    }
    points.push({ perClass: count, accuracies, ...meanAndDeviation(accuracies) });
  }
  return points;
}

/** 1, 2, 5, 10, 20, 50 and so on up to 200. */
const usualCounts = (most: number): number[] =>
  [1, 2, 5, 10, 20, 50, 100, 200].filter((count) => count <= most);

/** Rows of each class that has any. */
function rowsByClass(labels: ArrayLike<number>, classes: number): number[][] {
  const members: number[][] = Array.from({ length: classes }, () => []);
  for (let i = 0; i < labels.length; i++) members[labels[i] as number]?.push(i);
  return members.filter((rows) => rows.length > 0);
}

function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}
