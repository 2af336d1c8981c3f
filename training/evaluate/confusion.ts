/**
 * How often rows of one class were taken for another: `[class, prediction]`, counts.
 *
 * Source: training/evaluate/confusion.ts.
 */
export function confusion(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const row = counts[labels[i] as number] as number[];
    row[predictions[i] as number]!++;
  }
  return counts;
}
