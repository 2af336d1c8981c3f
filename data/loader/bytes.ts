import { arange, bitwiseAnd, rightShift, type Tensor, take, tensor } from "../../mod.ts";
import type { ImageSet } from "../images.ts";

/** Height, width and channels of the images of a batch. */
export type BatchShape = Pick<ImageSet, "height" | "width" | "channels">;

/**
 * Some images of a set, four bytes a word: what goes to the device is a quarter of a batch of floats.
 *
 * @param indices Which, in the order of the batch.
 * @returns `u32[ceil(B * H * W * C / 4)]` for `unpackBytes`.
 * @throws {RangeError} If an image is not in the set.
 */
export function packBytes(images: ImageSet, indices: ArrayLike<number>): Tensor {
  const { count, height, width, channels, data } = images;
  const imageBytes = height * width * channels;
  const bytes = new Uint8Array(Math.ceil((indices.length * imageBytes) / 4) * 4);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`batches: there is no image ${index}; need 0 to ${count - 1}`);
    }
    bytes.set(data.subarray(index * imageBytes, (index + 1) * imageBytes), i * imageBytes);
  }
  return tensor(new Uint32Array(bytes.buffer), { shape: [bytes.length / 4] });
}

/** What each byte stands for, `f32[256]`: a table, since devices differ in the last bit of a division. */
export const byteTable = (): Tensor => tensor(Float32Array.from({ length: 256 }, (_, byte) => byte / 255));

/**
 * The images of `packBytes` as floats, bit by bit those of `batchOf`. A function of tensors: it can be compiled.
 *
 * @returns `f32[B, C, H, W]`, 0 to 1.
 */
export function unpackBytes(
  packed: Tensor,
  table: Tensor,
  batch: number,
  { height, width, channels }: BatchShape,
): Tensor {
  const shifts = arange(4).cast("u32").mul(8);
  const bytes = bitwiseAnd(rightShift(packed.reshape([-1, 1]), shifts), 255).reshape([-1]);
  const used = bytes.slice([0, batch * height * width * channels]);
  return take(table, used.cast("i32")).reshape([batch, height, width, channels]).permute([0, 3, 1, 2]);
}
