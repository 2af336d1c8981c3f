import { arange, matmul, type Tensor, where } from "../../mod.ts";
import type { ViewDraws } from "./draws.ts";

/**
 * Crops, resizes and flips images `[B, C, H, W]`: bilinear between the pixels of the crop, without smoothing. Each
 * axis is one matrix per image, whose rows hold the two weights of a result pixel, so that the crop is two products.
 */
export function resizeCrop(images: Tensor, draws: ViewDraws, size: readonly [number, number]): Tensor {
  const [count = 0, channels = 0, height = 0, width = 0] = images.shape;
  const [rows, columns] = size;
  const across = axisWeights(draws.left, draws.width, width, columns, draws.flip); // [B, columns, width]
  const down = axisWeights(draws.top, draws.height, height, rows);
  const narrow = matmul(images.reshape([count, channels * height, width]), across.transpose());
  const lines = narrow.reshape([count, channels, height, columns]).permute([0, 2, 1, 3]);
  const result = matmul(down, lines.reshape([count, height, channels * columns]));
  return result.reshape([count, rows, channels, columns]).permute([0, 2, 1, 3]);
}

/** `[B, outputs, inputs]`: the weight of each pixel of an axis in each result pixel. */
function axisWeights(start: Tensor, extent: Tensor, inputs: number, outputs: number, flip?: Tensor): Tensor {
  const column = (x: Tensor) => x.reshape([-1, 1, 1]);
  const forward = arange(outputs).cast("f32").reshape([1, outputs, 1]);
  const position = flip ? where(column(flip), forward.neg().add(outputs - 1), forward) : forward;
  const length = column(extent);
  // Centres of pixels lie at halves; what would lie outside the crop shows its edge.
  const inside = position.add(0.5).mul(length.div(outputs)).sub(0.5).clip({ min: 0 }).minimum(length.sub(1));
  const source = inside.add(column(start));
  const distance = source.sub(arange(inputs).cast("f32").reshape([1, 1, inputs])).abs();
  return distance.neg().add(1).clip({ min: 0 });
}
