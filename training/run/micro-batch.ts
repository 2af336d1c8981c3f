import type { Method } from "../method.ts";
import type { PretrainOptions } from "./options.ts";
import { type ImageSize, plannedBytes } from "./planned-bytes.ts";
import type { RunPlan } from "./run-plan.ts";

/** How many images go through the model at once. */
export interface MicroBatch {
  readonly size: number;
  /** What the user should know about it. */
  readonly warning: string | null;
}

/** Fewer at once are not tried: little is gained, and batch norm gets statistics of next to nothing. */
const FEWEST = 2;
/** Nor more pieces than this: their launches would take longer than their work. */
const MOST_PIECES = 64;

/**
 * The micro-batch of a run: as asked for, or as the run had it so far, or the largest whose plans keep within the
 * budget (of the sizes tried: the batch, and divisors that fall at least by half).
 *
 * @throws {RangeError} If it is asked for and cannot be.
 */
export function microBatchOf<S>(
  method: Method<S>,
  plan: RunPlan,
  images: ImageSize,
  { microBatch, memoryBudget }: PretrainOptions,
  before: number | null,
): MicroBatch {
  const { batch } = plan.length;
  if (microBatch !== undefined) {
    if (!Number.isInteger(microBatch) || microBatch < 1 || batch % microBatch !== 0) {
      throw new RangeError(`pretrain: a micro-batch of ${microBatch} does not divide the batch of ${batch}`);
    }
    if (microBatch < batch && !method.parts) {
      throw new RangeError(`pretrain: ${method.name} cannot take its batch in pieces; leave microBatch out`);
    }
    return { size: microBatch, warning: null };
  }
  if (before !== null) return { size: before, warning: null };
  if (memoryBudget === undefined) return { size: batch, warning: null };
  let [size, bytes] = [batch, plannedBytes(method, plan, images, batch)];
  for (const smaller of method.parts ? smallerSizes(batch) : []) {
    if (bytes <= memoryBudget) break;
    const needed = plannedBytes(method, plan, images, smaller);
    // Below some size the model itself is what takes the memory.
    if (needed < bytes) [size, bytes] = [smaller, needed];
  }
  const megabytes = (n: number) => `${Math.ceil(n / 1e6)} MB`;
  const warning =
    bytes <= memoryBudget
      ? null
      : `a step takes ${megabytes(bytes)} of device memory with ${size} images at once, and the budget is ${megabytes(memoryBudget)}; try a smaller batch, smaller images or a smaller model`;
  return { size, warning };
}

/** Divisors of the batch, each at most half of the one before. */
function smallerSizes(batch: number): number[] {
  const sizes: number[] = [];
  for (let size = batch - 1; size >= Math.max(FEWEST, batch / MOST_PIECES); size--) {
    if (batch % size === 0 && size <= (sizes.at(-1) ?? batch) / 2) sizes.push(size);
  }
  return sizes;
}
