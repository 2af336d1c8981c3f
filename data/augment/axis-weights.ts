import { arange, floorDivide, sign, sin, type Tensor, trunc, where } from "../../mod.ts";
import { type FilterName, filters } from "./filters.ts";

// The weights of a resize along one axis, of which each image of a batch has its own.

/** Pillow's weights are whole multiples of 1 / UNIT, here in two halves. */
export const HALF = 2 ** 11;
const UNIT = HALF * HALF;

export const toFixedPoint = (weight: number): number => Math.trunc(weight * UNIT + Math.sign(weight) * 0.5);

/** Where the pixels of an axis lie to its result pixels, in whole numbers, `[B, outputs, inputs]` or smaller. */
export interface AxisGrid {
  /** Distance of the centres, in units of which `reach` are one step of the filter. */
  readonly apart: Tensor;
  readonly reach: Tensor;
  /** Whether the pixel is one of the part that is resized. */
  readonly inside: Tensor;
  /** The largest sum of `reach - |apart|` of a result pixel. */
  readonly most: number;
}

export function axisGrid(
  start: Tensor,
  extent: Tensor,
  inputs: number,
  outputs: number,
  flip?: Tensor,
): AxisGrid {
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
export function axisWeights(filter: FilterName, { apart, reach, inside }: AxisGrid): Tensor {
  // Whole numbers so far: one division is all that rounds.
  const weights = where(inside, filterWeight[filter](apart.div(reach)), 0);
  return weights.div(weights.sum({ axis: 2, keepDims: true }));
}

/** The same in units of 1 / UNIT, rounded to whole numbers. */
export function fixedWeights(filter: FilterName, grid: AxisGrid): Tensor {
  const room = 31 - Math.ceil(Math.log2(grid.most));
  if (filter === "bilinear" && room > 0) return fixedShares(grid, room);
  const weights = axisWeights(filter, grid).mul(UNIT);
  return trunc(weights.add(sign(weights).mul(0.5)));
}

/**
 * Bilinear weights are ratios of whole numbers. The quotients have 22 bits, of which f32 would round some away, so they
 * are divided by hand, as many bits at a time as i32 has `room` for beside the parts.
 */
function fixedShares({ apart, reach, inside }: AxisGrid, room: number): Tensor {
  const parts = where(inside, reach.sub(apart.abs()).clip({ min: 0 }), 0).cast("i32");
  const sum = parts.sum({ axis: 2, keepDims: true });
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
