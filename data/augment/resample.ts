import {
  arange,
  floor,
  floorDivide,
  matmul,
  sign,
  sin,
  type Tensor,
  tensor,
  trunc,
  where,
} from "../../mod.ts";
import { axisMatrix, type FilterName, filters } from "./filters.ts";
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

/** Pillow's weights are whole multiples of 1 / UNIT, here in two halves. */
const HALF = 2 ** 11;
const UNIT = HALF * HALF;

const toFixedPoint = (weight: number): number => Math.trunc(weight * UNIT + Math.sign(weight) * 0.5);

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

/** Where the pixels of an axis lie to its result pixels, in whole numbers, `[B, outputs, inputs]` or smaller. */
interface AxisGrid {
  /** Distance of the centres, in units of which `reach` are one step of the filter. */
  readonly apart: Tensor;
  readonly reach: Tensor;
  /** Whether the pixel is one of the part that is resized. */
  readonly inside: Tensor;
  /** The largest sum of `reach - |apart|` of a result pixel. */
  readonly most: number;
}

function axisGrid(start: Tensor, extent: Tensor, inputs: number, outputs: number, flip?: Tensor): AxisGrid {
  const column = (x: Tensor) => x.reshape([-1, 1, 1]);
  const [first, length] = [column(start), column(extent)];
  const forward = arange(outputs).cast("f32").reshape([1, outputs, 1]);
  const backward = forward.neg().add(outputs - 1);
  const result = flip ? where(column(flip), backward, forward) : forward;
  const pixel = arange(inputs).cast("f32").reshape([1, 1, inputs]).sub(first);
  const longest = 2 * Math.max(inputs, outputs);
  return {
    apart: pixel.mul(2).add(1).mul(outputs).sub(result.mul(2).add(1).mul(length)),
    reach: length.maximum(outputs).mul(2),
    inside: pixel.greaterEqual(0).logicalAnd(pixel.less(length)),
    most: longest * (longest / (2 * outputs) + 1),
  };
}

/** `[B, outputs, inputs]`: the weight of each pixel of an axis in each result pixel. */
function axisWeights(filter: FilterName, { apart, reach, inside }: AxisGrid): Tensor {
  // Whole numbers so far: one division is all that rounds.
  const weights = where(inside, filterWeight[filter](apart.div(reach)), 0);
  return weights.div(weights.sum({ axis: 2, keepDims: true }));
}

/** The same in units of 1 / UNIT, rounded to whole numbers. */
function fixedWeights(filter: FilterName, grid: AxisGrid): Tensor {
  if (filter === "bilinear") return fixedShares(grid);
  const weights = axisWeights(filter, grid).mul(UNIT);
  return trunc(weights.add(sign(weights).mul(0.5)));
}

/**
 * Bilinear weights are ratios of whole numbers. The quotients have 22 bits, of which f32 would round some away, so they
 * are divided by hand, as many bits at a time as i32 has room for.
 */
function fixedShares({ apart, reach, inside, most }: AxisGrid): Tensor {
  const parts = where(inside, reach.sub(apart.abs()).clip({ min: 0 }), 0).cast("i32");
  const sum = parts.sum({ axis: 2, keepDims: true });
  const room = 31 - Math.ceil(Math.log2(most));
  let [quotient, rest] = [parts.mul(0), parts];
  for (let bits = Math.log2(UNIT); bits > 0; bits -= room) {
    const digits = 2 ** Math.min(bits, room);
    const whole = floorDivide(rest.mul(digits), sum);
    quotient = quotient.mul(digits).add(whole);
    rest = rest.mul(digits).sub(whole.mul(sum));
  }
  return quotient.add(where(rest.mul(2).greaterEqual(sum), 1, 0)).cast("f32");
}

const filterWeight: Readonly<Record<FilterName, (distance: Tensor) => Tensor>> = {
  bilinear: (x) => x.abs().neg().add(1).clip({ min: 0 }),
  bicubic: (distance) => {
    const x = distance.abs();
    const near = x.mul(1.5).sub(2.5).mul(x).mul(x).add(1);
    const far = x.sub(5).mul(x).add(8).mul(x).sub(4).mul(-0.5);
    return where(x.less(1), near, where(x.less(2), far, 0));
  },
  lanczos: (x) => where(x.abs().less(filters.lanczos.support), sinc(x).mul(sinc(x.div(3))), 0),
};

function sinc(x: Tensor): Tensor {
  const angle = where(x.equal(0), 1, x.mul(Math.PI));
  return where(x.equal(0), 1, sin(angle).div(angle));
}
