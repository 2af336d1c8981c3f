import { type Embeddings, unitRows } from "../evaluate/embeddings.ts";

/**
 * How far embeddings fill their space: the mean over dimensions of the standard deviation of the rows at unit length,
 * times the root of the number of dimensions. About 1 when all directions are used alike; 0 when everything has
 * collapsed into one point.
 *
 * Source: training/monitors/spread.ts.
 */
export function spread(embeddings: Embeddings): number {
  const { count, width, values } = unitRows(embeddings);
  let total = 0;
  for (let k = 0; k < width; k++) {
    let mean = 0;
    for (let i = 0; i < count; i++) mean += (values[i * width + k] as number) / count;
    let variance = 0;
    for (let i = 0; i < count; i++) variance += ((values[i * width + k] as number) - mean) ** 2 / count;
    total += Math.sqrt(variance);
  }
  return (total / width) * Math.sqrt(width);
}
