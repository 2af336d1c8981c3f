import { floor, matmul, type Tensor, tensor } from "../../mod.ts";
import { axisGrid, axisWeights, fixedWeights, HALF, toFixedPoint } from "./axis-weights.ts";
import { axisMatrix, type FilterName } from "./filters.ts";
import { bytes, type Scale } from "./scale.ts";

/** Parts of the images of a batch, whole pixels, `f32[B]` each. */
export interface Boxes {
  readonly top: Tensor;
  readonly left: Tensor;
  readonly height: Tensor;
  readonly width: Tensor;
}

/**
 * Crops, resizes and flips images `[B, C, H, W]` as Pillow does: the part is cut out first, the filter is widened when
 * it shrinks, columns come before rows. Each axis is one matrix per image.
 *
 * @param flip `bool[B]`
 */
export function resampleBoxes(
  images: Tensor,
  boxes: Boxes,
  [rows, columns]: readonly [number, number],
  filter: FilterName,
  scale: Scale,
  flip?: Tensor,
): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  const weights = scale.whole ? fixedWeights : axisWeights;
  const across = weights(filter, axisGrid(boxes.left, boxes.width, width, columns, flip));
  const down = weights(filter, axisGrid(boxes.top, boxes.height, height, rows));
  return alongAxes(images, across, down, products(scale));
}

/**
 * Resizes images `[B, C, H, W]`, or one part of all of them, as Pillow does.
 *
 * @param options.scale `byteScale` for images of whole numbers from 0 to 255, which are rounded after each axis; `unitScale` for others from 0 to 1.
 * @param options.box Default: all.
 *
 * Gradient: reaches the images, where nothing is rounded.
 *
 * @example The middle of each image, twice as large
 *   resample(images, [32, 32], { filter: "lanczos", scale: unitScale, box: { top: 8, left: 8, height: 16, width: 16 } });
 *
 * Source: data/augment/resample.ts.
 */
export function resample(
  images: Tensor,
  [rows, columns]: readonly [number, number],
  options: {
    filter: FilterName;
    scale: Scale;
    box?: { top: number; left: number; height: number; width: number };
  },
): Tensor {
  const [, , height = 0, width = 0] = images.shape;
  const { filter, scale, box = { top: 0, left: 0, height, width } } = options;
  const part = images.slice(null, null, [box.top, box.top + box.height], [box.left, box.left + box.width]);
  const weights = (inputs: number, outputs: number) => {
    const matrix = axisMatrix(filter, inputs, outputs);
    const shape = [1, outputs, inputs];
    return tensor(scale.whole ? matrix.map(toFixedPoint) : matrix, { shape });
  };
  return alongAxes(part, weights(box.width, columns), weights(box.height, rows), products(scale));
}

/** A product of matrices of weights and pixels, and what is done to its results. */
export type Product = (a: Tensor, b: Tensor) => Tensor;

/** Applies a matrix `[B or 1, outputs, inputs]` to the columns of images `[B, C, H, W]`, and another one to the rows. */
export function alongAxes(
  images: Tensor,
  across: Tensor,
  down: Tensor,
  [onColumns, onRows]: readonly [Product, Product],
): Tensor {
  const [count = 0, channels = 0, height = 0, width = 0] = images.shape;
  const [columns, rows] = [across.shape[1] as number, down.shape[1] as number];
  const narrow = onColumns(images.reshape([count, channels * height, width]), across.transpose());
  const lines = narrow.reshape([count, channels, height, columns]).permute([0, 2, 1, 3]);
  const result = onRows(down, lines.reshape([count, height, channels * columns]));
  return result.reshape([count, rows, channels, columns]).permute([0, 2, 1, 3]);
}

/**
 * The product of whole pixels and weights in units of 1 / UNIT, rounded to whole numbers: all of it in whole numbers
 * that f32 holds, so that halves are rounded as Pillow rounds them and every device agrees.
 */
const wholeProduct = (a: Tensor, b: Tensor, weights: "first" | "second"): Tensor => {
  const fixed = weights === "first" ? a : b;
  const upper = floor(fixed.div(HALF));
  const lower = fixed.sub(upper.mul(HALF));
  const times = (part: Tensor) => (weights === "first" ? matmul(part, b) : matmul(a, part));
  const carried = floor(times(lower).div(HALF));
  return bytes.clamp(
    floor(
      times(upper)
        .add(carried)
        .add(HALF / 2)
        .div(HALF),
    ),
  );
};

const products = ({ whole, clamp }: Scale): readonly [Product, Product] =>
  whole
    ? [(pixels, weights) => wholeProduct(pixels, weights, "second"), (a, b) => wholeProduct(a, b, "first")]
    : [matmul, (a, b) => clamp(matmul(a, b))];
