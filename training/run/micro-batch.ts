import type { Method } from "../method.ts";
import type { PretrainOptions } from "./options.ts";
import { type ImageSize, plannedBytes } from "./planned-bytes.ts";
import type { RunPlan } from "./run-plan.ts";

/** How many images go through the model at once. */
export interface MicroBatch {
  readonly size: number;
  /** Whether it may become smaller when the device has no room for it: not if somebody has asked for it. */
  readonly yields: boolean;
  /** What the user should know about it. */
  readonly warning: string | null;
}

/** Fewer at once are not tried: little is gained, and batch norm gets statistics of next to nothing. */
const FEWEST = 2;
/** Nor more pieces than this: their launches would take longer than their work. */
const MOST_PIECES = 64;

/** A step takes less than so many times the bytes of its images (as numbers); the largest models take some hundreds. */
const MOST_TIMES_IMAGES = 2000;

/**
 * The micro-batch of a run: as asked for, or as the run had it so far, or the largest whose plans keep within the
 * budget (of the sizes tried: the batch, and divisors that fall at least by half).
 *
 * @param usual The budget if the options name none; null for none.
 * @throws {RangeError} If it is asked for and cannot be.
 */
export function microBatchOf<S>(
  method: Method<S>,
  plan: RunPlan,
  images: ImageSize,
  { microBatch, memoryBudget }: PretrainOptions,
  { before = null, usual = null }: { readonly before?: number | null; readonly usual?: number | null } = {},
): MicroBatch {
  const { batch } = plan.length;
  const budget = memoryBudget ?? usual;
  if (microBatch !== undefined) {
    if (!Number.isInteger(microBatch) || microBatch < 1 || batch % microBatch !== 0) {
      throw new RangeError(
        `pretrain: a micro-batch of ${microBatch} does not divide the batch of ${batch}; try a divisor of it`,
      );
    }
    if (microBatch < batch && !method.parts) {
      throw new RangeError(`pretrain: ${method.name} cannot take its batch in pieces; leave microBatch out`);
    }
    return { size: microBatch, yields: false, warning: null };
  }
  const yields = method.parts !== undefined;
  if (before !== null) return { size: before, yields, warning: null };
  // To plan a step takes seconds, which small ones need not.
  const { channels, height, width } = images;
  if (budget === null || 4 * batch * channels * height * width * MOST_TIMES_IMAGES <= budget) {
    return { size: batch, yields, warning: null };
  }
  let [size, bytes] = [batch, plannedBytes(method, plan, images, batch)];
  for (const smaller of method.parts ? smallerSizes(batch) : []) {
    if (bytes <= budget) break;
    const needed = plannedBytes(method, plan, images, smaller);
    // Below some size the model itself is what takes the memory.
    if (needed < bytes) [size, bytes] = [smaller, needed];
  }
  const megabytes = (n: number) => `${Math.ceil(n / 1e6)} MB`;
  const taken = `a step takes ${megabytes(bytes)} of device memory with ${size} images at once`;
  const warning =
    bytes > budget
      ? `${taken}, and the budget is ${megabytes(budget)}; try a smaller batch, smaller images or a smaller model`
      : size < batch && memoryBudget === undefined
        ? shrunk(batch, size, `its plan takes more than ${megabytes(budget)}`)
        : null;
  return { size, yields, warning };
}

/** The next smaller micro-batch to try; null if there is none. */
export const smallerSize = (batch: number, size: number): number | null =>
  smallerSizes(batch).find((smaller) => smaller < size) ?? null;

/** That a run goes on with smaller pieces. */
export const shrunk = (before: number, size: number, why: string): string =>
  `${before} images at once do not fit (${why}): ${size} go through the model at once from now on, which takes longer; the gradient stays that of the whole batch, but batch norm, if there is one, sees ${size}`;

/** Divisors of the batch, each at most half of the one before. */
function smallerSizes(batch: number): number[] {
  const sizes: number[] = [];
  for (let size = batch - 1; size >= Math.max(FEWEST, batch / MOST_PIECES); size--) {
    if (batch % size === 0 && size <= (sizes.at(-1) ?? batch) / 2) sizes.push(size);
  }
  return sizes;
}
