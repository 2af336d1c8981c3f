import { arange, exp, floor, matmul, pad, sqrt, type Tensor, where } from "../../mod.ts";
import { alongAxes } from "./resample.ts";
import type { Scale } from "./scale.ts";

/**
 * Blurs images `[B, C, H, W]` with a Gaussian, mirrored at the outermost pixel, as OpenCV does: the kernel ends at
 * `reach` pixels and its sum is 1.
 *
 * @param sigma Standard deviation in pixels, `f32[B]`.
 */
export function gaussianBlur(images: Tensor, sigma: Tensor, reach: number, scale: Scale): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  const matrix = (size: number) => gaussianMatrix(size, sigma, Math.min(reach, size - 1));
  // Nothing is rounded between the axes; OpenCV keeps more than 8 bits there, too.
  return scale.nearest(alongAxes(images, matrix(width), matrix(height), [matmul, matmul]));
}

/** `[B, size, size]`: rows are the kernel around each pixel, folded back at the ends. */
function gaussianMatrix(size: number, sigma: Tensor, reach: number): Tensor {
  const pixel = arange(size).cast("f32").reshape([1, 1, size]);
  const result = arange(size).cast("f32").reshape([1, size, 1]);
  const spread = sigma.reshape([-1, 1, 1]).square().mul(-2).reciprocal();
  const weight = (distance: Tensor) =>
    where(distance.abs().lessEqual(reach), exp(distance.square().mul(spread)), 0);
  const direct = weight(pixel.sub(result));
  // The mirrored picture beyond each end; the outermost pixel itself is not repeated.
  const before = where(pixel.equal(0), 0, weight(pixel.neg().sub(result)));
  const behind = where(
    pixel.equal(size - 1),
    0,
    weight(
      pixel
        .neg()
        .add(2 * (size - 1))
        .sub(result),
    ),
  );
  const weights = direct.add(before).add(behind);
  return weights.div(weights.sum({ axis: 2, keepDims: true }));
}

/** Boxes that make a Gaussian, one after the other. */
const PASSES = 3;

/**
 * Blurs images `[B, C, H, W]` as Pillow's Gaussian does: along each axis three boxes whose ends weigh less than the
 * rest, with the outermost pixel repeated, and rounding after each.
 *
 * @param sigma Standard deviation in pixels, `f32[B]`.
 * @param most The largest that it may be.
 */
export function boxBlur(images: Tensor, sigma: Tensor, most: number, scale: Scale): Tensor {
  const { half, end } = boxOf(sigma);
  const length = half.add(end).mul(2).add(1);
  const reach = Math.floor((Math.sqrt(4 * most ** 2 + 1) - 1) / 2) + 1;
  // Of the pixels at each distance, for each image.
  const weights = Array.from({ length: reach + 1 }, (_, distance) =>
    where(half.greaterEqual(distance), 1, where(half.equal(distance - 1), end, 0))
      .div(length)
      .reshape([-1, 1, 1, 1]),
  );
  const blur = (x: Tensor, axis: 2 | 3): Tensor => {
    const size = x.shape[axis] as number;
    const wide = pad(x, { [axis]: [reach, reach] }, { mode: "replicate" });
    const shifted = (by: number): Tensor => {
      const range = [reach + by, reach + by + size] as const;
      return axis === 2 ? wide.slice(null, null, range) : wide.slice(null, null, null, range);
    };
    const sum = weights.slice(1).reduce(
      (total, weight, i) => {
        return total.add(
          shifted(i + 1)
            .add(shifted(-i - 1))
            .mul(weight),
        );
      },
      shifted(0).mul(weights[0] as Tensor),
    );
    return scale.nearest(sum);
  };
  let result = images;
  for (const axis of [3, 2] as const) for (let i = 0; i < PASSES; i++) result = blur(result, axis);
  return result;
}

/** Pixels on each side that count in full, and how much the next ones count, so that the variance is right. */
function boxOf(sigma: Tensor): { half: Tensor; end: Tensor } {
  const variance = sigma.square().div(PASSES);
  const half = floor(sqrt(variance.mul(12).add(1)).sub(1).div(2));
  const next = half.add(1).square();
  const above = half
    .mul(2)
    .add(1)
    .mul(half.mul(half.add(1)).sub(variance.mul(3)));
  return { half, end: above.div(variance.sub(next).mul(6)) };
}
