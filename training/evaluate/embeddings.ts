import { batchOf, type ImageSet } from "../../data/images.ts";
import type { Tensor } from "../../mod.ts";

/** Representations of a list of images, on the host. */
export interface Embeddings {
  readonly count: number;
  readonly width: number;
  /** `[count, width]` */
  readonly values: Float32Array;
}

/**
 * What `encode` makes of every image, in batches of one size, so that it is compiled once.
 *
 * @param encode Takes `f32[B, C, H, W]`, 0 to 1; what it gives is flattened after the first axis.
 * @param options.batch Images at a time. Default 100.
 */
export async function embed(
  images: ImageSet,
  encode: (batch: Tensor) => Tensor,
  options: { batch?: number } = {},
): Promise<Embeddings> {
  const batch = Math.min(options.batch ?? 100, images.count);
  const parts: Promise<ArrayLike<number>>[] = [];
  for (let from = 0; from < images.count; from += batch) {
    // The last batch is filled up with images that it has already.
    const input = batchOf(
      images,
      Array.from({ length: batch }, (_, i) => Math.min(from + i, images.count - 1)),
    );
    const output = encode(input);
    const result = output.data();
    parts.push(result);
    await parts.at(-2); // one batch ahead: the device has work, and few batches are in memory
    void result.then(
      () => output.dispose(),
      () => undefined,
    );
    input.dispose();
  }
  return joined(await Promise.all(parts), images.count, batch);
}

function joined(parts: readonly ArrayLike<number>[], count: number, batch: number): Embeddings {
  const width = parts.length === 0 ? 0 : (parts[0] as ArrayLike<number>).length / batch;
  const values = new Float32Array(count * width);
  parts.forEach((part, i) => {
    const from = i * batch;
    const rows = Math.min(batch, count - from);
    values.set(Array.prototype.slice.call(part, 0, rows * width), from * width);
  });
  return { count, width, values };
}

/** Some rows. */
export function rowsOf({ width, values }: Embeddings, indices: readonly number[]): Embeddings {
  const picked = new Float32Array(indices.length * width);
  indices.forEach((index, i) => {
    picked.set(values.subarray(index * width, (index + 1) * width), i * width);
  });
  return { count: indices.length, width, values: picked };
}

/** The rows at unit length; rows of zeros stay. */
export function unitRows({ count, width, values }: Embeddings): Embeddings {
  const unit = new Float32Array(values.length);
  for (let row = 0; row < count; row++) {
    const from = row * width;
    let square = 0;
    for (let i = from; i < from + width; i++) square += (values[i] as number) ** 2;
    const scale = 1 / Math.max(Math.sqrt(square), 1e-12);
    for (let i = from; i < from + width; i++) unit[i] = (values[i] as number) * scale;
  }
  return { count, width, values: unit };
}

/** Products of every row of `a` with every row of `b`, `[a.count, b.count]`, on the host: for few rows. */
export function similarities(a: Embeddings, b: Embeddings): Float32Array {
  if (a.width !== b.width)
    throw new RangeError(`similarities: rows of ${a.width} and of ${b.width} numbers; need the same width`);
  const { width } = a;
  const result = new Float32Array(a.count * b.count);
  for (let i = 0; i < a.count; i++) {
    const row = a.values.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < b.count; j++) {
      const from = j * width;
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (row[k] as number) * (b.values[from + k] as number);
      result[i * b.count + j] = sum;
    }
  }
  return result;
}
