import { type Embeddings, unitRows } from "../evaluate/embeddings.ts";
import { type Neighbours, nearest } from "../evaluate/nearest.ts";
import { hostRandom } from "../evaluate/random.ts";
import { principalComponents } from "./pca.ts";

export interface NeighbourMapOptions {
  /** Neighbours that pull a point. Default 15. */
  k?: number;
  /** Default 200 for few points, less for many. */
  rounds?: number;
  /** Of the points that push. Default 0. */
  seed?: number;
}

// The curve 1 / (1 + a d^(2b)) that is near 1 up to a distance of 0.1 and then falls like exp(-d).
const CURVE_A = 1.577;
const CURVE_B = 0.8951;
const PUSHES = 5;
const FIRST_RATE = 1;
const CLIP = 4;

/** A pair of points that belong together, with the weight of that, 0 to 1. */
interface Edge {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/**
 * A map in the plane on which neighbours stay neighbours: points are pulled to their nearest rows (by cosine similarity)
 * and pushed from random others, as UMAP does it. It starts from the principal components and is deterministic.
 * Distances between far groups mean little.
 *
 * @returns `[count, 2]`, around the origin.
 *
 * Source: training/map/neighbour-map.ts. Paper: McInnes, Healy and Melville 2018.
 */
export async function neighbourMap(
  embeddings: Embeddings,
  options: NeighbourMapOptions = {},
): Promise<Embeddings> {
  const { count } = embeddings;
  const start = principalComponents(unitRows(embeddings), 2).coordinates;
  if (count < 4) return widened(start);
  const k = Math.min(options.k ?? 15, count - 1);
  const edges = edgesOf(await nearest(embeddings, embeddings, { k, exceptSelf: true }));
  const rounds = options.rounds ?? (count > 5000 ? 100 : 200);
  const places = scaled(widened(start));
  layOut(places, count, edges, rounds, hostRandom((options.seed ?? 0) + 17));
  return { count, width: 2, values: centre(places) };
}

/** Two columns, also for embeddings of one number. */
function widened({ count, width, values }: Embeddings): Embeddings {
  if (width === 2) return { count, width, values };
  const wide = new Float32Array(count * 2);
  for (let i = 0; i < count; i++) wide[2 * i] = values[i * width] ?? 0;
  return { count, width: 2, values: wide };
}

/** Within 10 of the origin. */
function scaled({ values }: Embeddings): Float64Array {
  let most = 1e-12;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return Float64Array.from(values, (value) => (10 * value) / most);
}

/** What each point owes its neighbours, made mutual: `a + b - a b`. */
function edgesOf({ count, k, indices, similarities }: Neighbours): Edge[] {
  const weights = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const distances = similarities.subarray(i * k, (i + 1) * k).map((s) => 1 - s);
    const pull = pulls(distances);
    for (let n = 0; n < k; n++) {
      const j = indices[i * k + n] as number;
      const pair = Math.min(i, j) * count + Math.max(i, j);
      const other = weights.get(pair) ?? 0;
      const mine = pull[n] as number;
      weights.set(pair, mine + other - mine * other);
    }
  }
  return [...weights].map(([pair, weight]) => ({ from: Math.floor(pair / count), to: pair % count, weight }));
}

/** `exp(-(d - nearest) / s)`, with s such that the sum is log2(k). */
function pulls(distances: Float32Array): Float64Array {
  const nearestOne = distances[0] as number;
  const target = Math.log2(Math.max(2, distances.length));
  const at = (s: number) => Float64Array.from(distances, (d) => Math.exp(-Math.max(0, d - nearestOne) / s));
  let [low, high] = [0, Number.POSITIVE_INFINITY];
  let s = 1;
  for (let turn = 0; turn < 64; turn++) {
    const sum = at(s).reduce((a, b) => a + b, 0);
    if (Math.abs(sum - target) < 1e-5) break;
    if (sum > target) high = s;
    else low = s;
    s = Number.isFinite(high) ? (low + high) / 2 : s * 2;
    if (s > 1e6 || s < 1e-9) break;
  }
  return at(Math.max(s, 1e-9));
}

function layOut(
  places: Float64Array,
  count: number,
  edges: readonly Edge[],
  rounds: number,
  random: () => number,
): void {
  const strongest = edges.reduce((most, { weight }) => Math.max(most, weight), 1e-12);
  // An edge takes part in as many rounds as its weight says.
  const due = Float64Array.from(edges, ({ weight }) => strongest / weight);
  for (let round = 1; round <= rounds; round++) {
    const rate = FIRST_RATE * (1 - (round - 1) / rounds);
    edges.forEach(({ from, to, weight }, e) => {
      if ((due[e] as number) > round) return;
      due[e]! += strongest / weight;
      pull(places, from, to, rate);
      for (let n = 0; n < PUSHES; n++) {
        push(places, from, Math.floor(random() * count), rate);
        push(places, to, Math.floor(random() * count), rate);
      }
    });
  }
}

const clipped = (x: number): number => Math.max(-CLIP, Math.min(CLIP, x));

function pull(places: Float64Array, i: number, j: number, rate: number): void {
  const dx = (places[2 * i] as number) - (places[2 * j] as number);
  const dy = (places[2 * i + 1] as number) - (places[2 * j + 1] as number);
  const square = dx * dx + dy * dy;
  if (square === 0) return;
  const power = square ** CURVE_B;
  const factor = (-2 * CURVE_A * CURVE_B * (power / square)) / (1 + CURVE_A * power);
  const [moveX, moveY] = [rate * clipped(factor * dx), rate * clipped(factor * dy)];
  places[2 * i]! += moveX;
  places[2 * i + 1]! += moveY;
  places[2 * j]! -= moveX;
  places[2 * j + 1]! -= moveY;
}

function push(places: Float64Array, i: number, j: number, rate: number): void {
  if (i === j) return;
  const dx = (places[2 * i] as number) - (places[2 * j] as number);
  const dy = (places[2 * i + 1] as number) - (places[2 * j + 1] as number);
  const square = dx * dx + dy * dy;
  const factor = (2 * CURVE_B) / ((0.001 + square) * (1 + CURVE_A * square ** CURVE_B));
  // Points on one place part along a line of their own.
  places[2 * i]! += rate * (square === 0 ? CLIP * ((i % 7) - 3) * 0.01 : clipped(factor * dx));
  places[2 * i + 1]! += rate * (square === 0 ? CLIP * ((i % 5) - 2) * 0.01 : clipped(factor * dy));
}

function centre(places: Float64Array): Float32Array {
  const count = places.length / 2;
  let [x, y] = [0, 0];
  for (let i = 0; i < count; i++) {
    x += (places[2 * i] as number) / count;
    y += (places[2 * i + 1] as number) / count;
  }
  return Float32Array.from(places, (value, i) => value - (i % 2 === 0 ? x : y));
}
