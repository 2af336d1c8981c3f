import { smoothed } from "./smooth.ts";

/** What is known of one frame of a video. */
export interface Frame {
  /** Features of its patches, `[rows * columns, width]`, row by row. */
  readonly features: Float32Array;
}

export interface PropagationOptions {
  /** Rows and columns of patches of a frame. */
  readonly grid: readonly [rows: number, columns: number];
  /** Frames before the one in question that are asked beside the first. Default 7. */
  readonly frames?: number;
  /** Patches further away than this, in rows or columns, are not asked. Default 12. */
  readonly radius?: number;
  /** So many of the most similar patches of all frames are asked. Default 5. */
  readonly top?: number;
  /** Similarities weigh exp(cosine / temperature). Default 0.1. */
  readonly temperature?: number;
}

/** For each class how much of each patch belongs to it, `[classes, rows * columns]`. */
export type LabelMap = Float32Array;

/**
 * Carries the labels of the first frame through a video: each patch takes the labels of the patches of earlier frames
 * that resemble it most. Nothing is learned.
 *
 * @param frames In their order, the first with labels.
 * @param first The labels of the first frame.
 * @returns The labels of the second frame, the third, and so on, each as soon as it is known.
 * @throws {RangeError} If a frame has another number of patches than the grid.
 *
 * Cost: for each frame, patches * window * features * frames asked, on the host.
 *
 * Source: training/evaluate/dense/label-propagation.ts. Code: DINO's eval_video_segmentation.
 */
export function* propagateLabels(
  frames: Iterable<Frame>,
  first: LabelMap,
  options: PropagationOptions,
): Generator<LabelMap> {
  const { grid, frames: asked = 7, radius = 12, top = 5, temperature = 0.1 } = options;
  const count = grid[0] * grid[1];
  const classes = first.length / count;
  const context: { features: Float32Array; labels: LabelMap }[] = [];
  for (const { features: raw } of frames) {
    const features = unitRowsOf(raw, count);
    if (context.length === 0) {
      context.push({ features, labels: first });
      continue;
    }
    const labels = new Float32Array(classes * count);
    for (let patch = 0; patch < count; patch++) {
      const votes = votesFor(features, patch, context, { grid, radius, temperature });
      const least = kthLargest(votes, top);
      let total = 0;
      for (const { weight } of votes) if (weight >= least) total += weight;
      for (const { weight, frame, place } of votes) {
        if (weight < least) continue;
        const source = (context[frame] as (typeof context)[number]).labels;
        for (let c = 0; c < classes; c++) {
          labels[c * count + patch]! += (weight / total) * (source[c * count + place] as number);
        }
      }
    }
    context.push({ features, labels });
    if (context.length > asked + 1) context.splice(1, 1); // the first frame stays
    yield labels;
  }
}

interface Vote {
  readonly weight: number;
  readonly frame: number;
  readonly place: number;
}

/** What each patch near this one in the earlier frames weighs. */
function votesFor(
  features: Float32Array,
  patch: number,
  context: readonly { readonly features: Float32Array }[],
  {
    grid: [rows, columns],
    radius,
    temperature,
  }: Required<Pick<PropagationOptions, "grid" | "radius" | "temperature">>,
): Vote[] {
  const width = features.length / (rows * columns);
  const own = features.subarray(patch * width, (patch + 1) * width);
  const [row, column] = [Math.floor(patch / columns), patch % columns];
  const votes: Vote[] = [];
  context.forEach((earlier, frame) => {
    for (let r = Math.max(0, row - radius); r <= Math.min(rows - 1, row + radius); r++) {
      for (let c = Math.max(0, column - radius); c <= Math.min(columns - 1, column + radius); c++) {
        const place = r * columns + c;
        const from = place * width;
        let cosine = 0;
        for (let i = 0; i < width; i++) cosine += (own[i] as number) * (earlier.features[from + i] as number);
        votes.push({ weight: Math.exp(cosine / temperature), frame, place });
      }
    }
  });
  return votes;
}

/** The k-th largest weight, so that what equals it counts too; the least there is if there are fewer. */
function kthLargest(votes: readonly Vote[], k: number): number {
  const largest: number[] = [];
  for (const { weight } of votes) {
    if (largest.length === k && weight <= (largest[k - 1] as number)) continue;
    let at = largest.length;
    while (at > 0 && (largest[at - 1] as number) < weight) at--;
    largest.splice(at, 0, weight);
    largest.length = Math.min(largest.length, k);
  }
  return largest.at(-1) ?? 0;
}

function unitRowsOf(features: Float32Array, count: number): Float32Array {
  const width = features.length / count;
  if (!Number.isInteger(width)) {
    throw new RangeError(`propagateLabels: ${features.length} features are not those of ${count} patches`);
  }
  const unit = new Float32Array(features.length);
  for (let row = 0; row < count; row++) {
    let square = 0;
    for (let i = 0; i < width; i++) square += (features[row * width + i] as number) ** 2;
    const length = Math.max(Math.sqrt(square), 1e-12);
    for (let i = 0; i < width; i++) unit[row * width + i] = (features[row * width + i] as number) / length;
  }
  return unit;
}

/**
 * A label map at the size of the frames: bilinear, each class stretched to 0..1 (those that are somewhere present), and
 * for each pixel the class with the largest value.
 *
 * @param factor Pixels along a side of a patch.
 */
export function labelsOfPixels(
  labels: LabelMap,
  [rows, columns]: readonly [number, number],
  factor: number,
): { stretched: Float32Array; classes: Uint8Array } {
  const count = rows * columns;
  const classes = labels.length / count;
  const [height, width] = [rows * factor, columns * factor];
  const stretched = new Float32Array(classes * height * width);
  for (let c = 0; c < classes; c++) {
    const map = labels.subarray(c * count, (c + 1) * count);
    const large = stretched.subarray(c * height * width, (c + 1) * height * width);
    large.set(smoothed(map, [rows, columns], [height, width]));
    const most = large.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    if (!(most > 0)) continue;
    const least = large.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    for (let i = 0; i < large.length; i++) large[i] = ((large[i] as number) - least) / (most - least);
  }
  const winners = Uint8Array.from({ length: height * width }, (_, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if ((stretched[c * height * width + i] as number) > (stretched[best * height * width + i] as number))
        best = c;
    }
    return best;
  });
  return { stretched, classes: winners };
}
