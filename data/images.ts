import { type Tensor, tensor } from "../mod.ts";

/** Images of one size, 8 bits a channel. */
export interface ImageSet {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** `[count, height, width, channels]`, row-major. */
  readonly data: Uint8Array;
}

/** Mean and standard deviation of each channel, of values from 0 to 1. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Some images as one batch, `f32[B, C, H, W]`, 0 to 1.
 *
 * @param indices Which, in the order of the batch; one may come several times.
 * @throws {RangeError} If an image is not in the set.
 *
 * Source: data/images.ts.
 */
export function batchOf(images: ImageSet, indices: ArrayLike<number>): Tensor {
  const { count, height, width, channels, data } = images;
  const plane = height * width;
  const values = new Float32Array(indices.length * channels * plane);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`batchOf: there is no image ${index}; need 0 to ${count - 1}`);
    }
    const from = index * plane * channels;
    for (let c = 0; c < channels; c++) {
      const to = (i * channels + c) * plane;
      for (let at = 0; at < plane; at++) values[to + at] = (data[from + at * channels + c] as number) / 255;
    }
  }
  return tensor(values, { shape: [indices.length, channels, height, width] });
}

/** The statistics of all pixels of a set. */
export function channelStatistics({ channels, data }: ImageSet): ChannelStatistics {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) {
    const value = (data[i] as number) / 255;
    sums[i % channels]! += value;
    squares[i % channels]! += value * value;
  }
  const pixels = data.length / channels;
  const mean = Array.from(sums, (sum) => sum / pixels);
  // Of equal values the difference may round to less than nothing.
  const std = Array.from(squares, (square, c) =>
    Math.sqrt(Math.max(0, square / pixels - (mean[c] as number) ** 2)),
  );
  return { mean, std };
}

/** `(images - mean) / std`, channel by channel. Images `f32[B, C, H, W]`. */
export function normaliseChannels(images: Tensor, statistics: ChannelStatistics): Tensor {
  const { mean, std } = channelTensors(statistics);
  return images.sub(mean).div(std);
}

/** The statistics as tensors `f32[C, 1, 1]`, for whoever wants to say when their memory goes. */
export function channelTensors({ mean, std }: ChannelStatistics): { mean: Tensor; std: Tensor } {
  const perChannel = (values: readonly number[]) =>
    tensor(Float32Array.from(values), { shape: [values.length, 1, 1] });
  return { mean: perChannel(mean), std: perChannel(std) };
}
