import { compile, type Tensor } from "../../mod.ts";
import type { ImageSet } from "../images.ts";
import { byteTable, packBytes, unpackBytes } from "./bytes.ts";
import { shuffled } from "./shuffle.ts";

/** A place in the stream of batches; plain numbers, so that a checkpoint can hold it. */
export interface Cursor {
  /** From 0. */
  readonly epoch: number;
  /** Batches of the epoch that lie before it. */
  readonly step: number;
}

export interface Batch {
  /** `f32[B, C, H, W]`, 0 to 1. Whoever takes it disposes it. */
  readonly images: Tensor;
  /** Places of the images in the set, `[B]`. */
  readonly indices: Int32Array;
  /** Where the batch stands, and where the next one does: what a checkpoint after this batch keeps. */
  readonly cursor: Cursor;
  readonly next: Cursor;
}

export interface BatchesOptions {
  /** Images of a batch; what is left over of an epoch is not used in it. */
  readonly batch: number;
  /** The order follows from it. Default 0. */
  readonly seed?: number | undefined;
  /** Default: without end. */
  readonly epochs?: number | undefined;
  /** Where to go on. Default: at the start. */
  readonly from?: Cursor | undefined;
}

/** Whole batches of an epoch. */
export const batchesPerEpoch = (images: Pick<ImageSet, "count">, batch: number): number =>
  Math.floor(images.count / batch);

/** The order of the images in an epoch. */
export const epochOrder = (count: number, seed: number, epoch: number): Int32Array =>
  shuffled(count, seed, epoch);

/**
 * Batches for training, epoch after epoch, in a new order each time.
 *
 * All follows from set, batch, seed and cursor, so a run that goes on from `next` of some batch sees the batches that it
 * would have seen. The next batch is on its way to the device, as bytes, before the last one is asked for, so that the
 * device does not wait for it.
 *
 * @throws {RangeError} If there is not one whole batch, or the cursor is no place.
 *
 * Memory: two batches on the device.
 *
 * @example
 *   for await (const { images, next } of batches(set, { batch: 64, seed: 1, epochs: 10 })) {
 *     state = step(state, images).state;
 *     images.dispose();
 *   }
 *
 * Source: data/loader/batches.ts.
 */
export async function* batches(images: ImageSet, options: BatchesOptions): AsyncGenerator<Batch> {
  const { batch, seed = 0, epochs = Number.POSITIVE_INFINITY, from = { epoch: 0, step: 0 } } = options;
  const perEpoch = checked(images, batch, from);
  const { height, width, channels } = images;
  const table = byteTable();
  const unpack = compile(
    (packed: Tensor, values: Tensor) => unpackBytes(packed, values, batch, { height, width, channels }),
    { name: "unpack images" },
  );
  const make = ({ indices, ...place }: Omit<Batch, "images">): Batch => {
    const packed = packBytes(images, indices);
    const result = unpack(packed, table);
    packed.dispose();
    return { ...place, indices, images: result };
  };
  let ahead: Batch | null = null;
  try {
    for (const place of places(images.count, { batch, perEpoch, seed, epochs, from })) {
      const made = make(place);
      const ready = ahead;
      ahead = made;
      if (ready) yield ready;
    }
    const last = ahead;
    ahead = null;
    if (last) yield last;
  } finally {
    ahead?.images.dispose();
    table.dispose();
    unpack.dispose();
  }
}

function checked(images: ImageSet, batch: number, { epoch, step }: Cursor): number {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new RangeError(`batches: batches of ${batch}; need a whole number from 1 on`);
  }
  const perEpoch = batchesPerEpoch(images, batch);
  if (perEpoch === 0)
    throw new RangeError(`batches: ${images.count} images are no batch of ${batch}; try a smaller one`);
  const isPlace = [epoch, step].every((x) => Number.isInteger(x) && x >= 0) && step <= perEpoch;
  if (!isPlace) {
    throw new RangeError(`batches: there is no batch ${step} in epoch ${epoch}; an epoch has ${perEpoch}`);
  }
  return perEpoch;
}

function* places(
  count: number,
  {
    batch,
    perEpoch,
    seed,
    epochs,
    from,
  }: Required<Omit<BatchesOptions, "seed" | "epochs" | "from">> & {
    perEpoch: number;
    seed: number;
    epochs: number;
    from: Cursor;
  },
): Generator<Omit<Batch, "images">> {
  for (let { epoch, step } = from; epoch < epochs; epoch++, step = 0) {
    const order = step < perEpoch ? epochOrder(count, seed, epoch) : new Int32Array();
    for (; step < perEpoch; step++) {
      const isLast = step + 1 === perEpoch;
      yield {
        indices: order.slice(step * batch, (step + 1) * batch),
        cursor: { epoch, step },
        next: isLast ? { epoch: epoch + 1, step: 0 } : { epoch, step: step + 1 },
      };
    }
  }
}
