import { type Embeddings, similarities, unitRows } from "../evaluate/embeddings.ts";

/**
 * Mean squared distance of the two views of an image, at unit length: 0 when they are alike, 2 when they have nothing in
 * common.
 *
 * Source: training/monitors/pairs.ts. Paper: Wang and Isola 2020, eq. 1 with alpha = 2.
 */
export function alignment(first: Embeddings, second: Embeddings): number {
  const [a, b] = [unitRows(first), unitRows(second)];
  let total = 0;
  for (let i = 0; i < a.values.length; i++) total += ((a.values[i] as number) - (b.values[i] as number)) ** 2;
  return total / a.count;
}

/**
 * `log mean exp(-2 |x - y|^2)` over pairs of different images, at unit length, averaged over both views: 0 for one point;
 * about -3.9 for an even spread in many dimensions, since then almost all distances are the root of 2.
 *
 * Source: training/monitors/pairs.ts. Paper: Wang and Isola 2020, eq. 2 with t = 2.
 */
export function uniformity(first: Embeddings, second: Embeddings): number {
  return (uniformityOf(unitRows(first)) + uniformityOf(unitRows(second))) / 2;
}

function uniformityOf(unit: Embeddings): number {
  const { count } = unit;
  const cosines = similarities(unit, unit);
  let total = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) total += Math.exp(4 * ((cosines[i * count + j] as number) - 1));
  }
  return Math.log(total / ((count * (count - 1)) / 2));
}

/**
 * Share of the views, of both sides, whose most similar view among all others is that of their own image. Ties count for
 * nothing, so that one point scores 0.
 *
 * Source: training/monitors/pairs.ts. The task of Chen et al. 2020, eq. 1.
 */
export function contrastiveTop1(first: Embeddings, second: Embeddings): number {
  const [a, b] = [unitRows(first), unitRows(second)];
  const { count } = a;
  const [aa, ab, bb] = [similarities(a, a), similarities(a, b), similarities(b, b)];
  let right = 0;
  for (let i = 0; i < count; i++) {
    const own = ab[i * count + i] as number;
    let [best, other] = [true, true];
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      best &&= (aa[i * count + j] as number) < own && (ab[i * count + j] as number) < own;
      other &&= (bb[i * count + j] as number) < own && (ab[j * count + i] as number) < own;
    }
    right += Number(best) + Number(other);
  }
  return right / (2 * count);
}
