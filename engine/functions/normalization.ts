import { shapeError } from "../core/errors.ts";
import { dim, listOf, normalizeAxis, range, shapesEqual, sizeAlong, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define, method } from "./define.ts";
import { exp as exponential } from "./elementwise.ts";
import { stopGradient, withGradient } from "./gradient.ts";
import { meanOf } from "./reduce-axes.ts";

const o = ops;

export interface AxisOption {
  axis?: number;
}

/** exp(x - max) and its sum: what the softmax family is made of. The shift cancels, so it has no gradient. */
function shiftedExp(x: GraphNode, axis: number): { shifted: GraphNode; exp: GraphNode; sum: GraphNode } {
  const shifted = o.sub(x, stopGradient(o.max(x, [axis])));
  const exp = exponential(shifted);
  return { shifted, exp, sum: o.sum(exp, [axis]) };
}

export const softmax = method("softmax", (x: GraphNode, { axis = -1 }: AxisOption = {}): GraphNode => {
  const at = normalizeAxis(axis, x.shape.length);
  if (sizeOf(x.shape) === 0) return x;
  const { exp, sum } = shiftedExp(x, at);
  const y = o.div(exp, sum);
  // y * (ct - sum(ct * y)) needs the result alone, where the composition would keep three values.
  return withGradient(y, [x, y], (ct, ins) => {
    const p = ins[1] as GraphNode;
    return [o.mul(p, o.sub(ct, o.sum(o.mul(ct, p), [at]))), null];
  });
});

export const softmin = define(
  "softmin",
  (x: GraphNode, { axis = -1 }: AxisOption = {}): GraphNode => softmax(o.neg(x), { axis }),
);

export const logSoftmax = method("logSoftmax", (x: GraphNode, { axis = -1 }: AxisOption = {}): GraphNode => {
  const at = normalizeAxis(axis, x.shape.length);
  if (sizeOf(x.shape) === 0) return x;
  const { shifted, sum } = shiftedExp(x, at);
  return o.sub(shifted, o.log(sum));
});

interface Standardized {
  /** (x - mean) / sqrt(variance + eps) */
  readonly output: GraphNode;
  readonly mean: GraphNode;
  /** Divided by the count. */
  readonly variance: GraphNode;
}

/**
 * Zero mean and unit variance over axes. Centred before squaring: mean(x*x) - mean(x)^2 cancels in f32. A `weight` has
 * size 1 along the axes and no others, so that its gradient is one of the sums that the gradient of `x` needs anyway.
 */
function standardize(x: GraphNode, axes: readonly number[], eps: number, weight?: GraphNode): Standardized {
  const mean = meanOf(x, axes);
  const centred = o.sub(x, mean);
  const variance = meanOf(o.mul(centred, centred), axes);
  const scale = o.rsqrt(o.add(variance, eps));
  const output = o.mul(centred, scale);
  const scaled = weight ? o.mul(output, weight) : output;
  const withRule = withGradient(scaled, [x, output, scale, ...(weight ? [weight] : [])], (ct, ins) => {
    const [, y, s, w] = ins as [GraphNode, GraphNode, GraphNode, GraphNode?];
    const product = o.mul(ct, y);
    const along = o.mul(y, meanOf(product, axes));
    const dx = o.mul(w ? o.mul(s, w) : s, o.sub(o.sub(ct, meanOf(ct, axes)), along));
    return [dx, null, null, w ? o.sum(product, axes) : null];
  });
  return { output: withRule, mean, variance };
}

/** `x * weight + bias`, with both spread over the axes `at` of x. */
function scaleAndShift(
  x: GraphNode,
  at: readonly number[],
  weight: GraphNode | undefined,
  bias: GraphNode | undefined,
): GraphNode {
  const scaled = weight ? o.mul(x, spread(x, at, "weight", weight)) : x;
  return bias ? o.add(scaled, spread(x, at, "bias", bias)) : scaled;
}

/** `p` as a tensor of the rank of `x` that has size 1 but for the axes `at`. */
function spread(x: GraphNode, at: readonly number[], name: string, p: GraphNode): GraphNode {
  const shape = at.map((i) => dim(x.shape, i));
  if (!shapesEqual(p.shape, shape)) {
    throw shapeError({
      problem: `${name} has another shape than what it scales`,
      got: { x, [name]: p },
      need: `${name} of shape [${shape}]`,
    });
  }
  return o.reshape(
    p,
    x.shape.map((n, i) => (at.includes(i) ? n : 1)),
  );
}

/** The trailing axes of `x` that `shape` names. */
function trailingAxes(x: GraphNode, shape: number | readonly number[]): number[] {
  const sizes = listOf(shape);
  const first = x.shape.length - sizes.length;
  if (first < 0 || sizes.length === 0 || !shapesEqual(x.shape.slice(first), sizes)) {
    throw shapeError({
      problem: "x does not end in the normalised shape",
      got: { x, "normalised shape": [...sizes] },
      need: `x of shape [.., ${sizes}]`,
    });
  }
  return range(sizes.length, first);
}

export const layerNorm = define(
  "layerNorm",
  (
    x: GraphNode,
    normalizedShape: number | readonly number[],
    { weight, bias, eps = 1e-5 }: { weight?: GraphNode; bias?: GraphNode; eps?: number } = {},
  ): GraphNode => {
    const axes = trailingAxes(x, normalizedShape);
    return scaleAndShift(standardize(x, axes, eps).output, axes, weight, bias);
  },
);

export const rmsNorm = define(
  "rmsNorm",
  (
    x: GraphNode,
    normalizedShape: number | readonly number[],
    { weight, eps = 2 ** -23 }: { weight?: GraphNode; eps?: number } = {},
  ): GraphNode => {
    const axes = trailingAxes(x, normalizedShape);
    const scale = o.rsqrt(o.add(meanOf(o.mul(x, x), axes), eps));
    return scaleAndShift(o.mul(x, scale), axes, weight, undefined);
  },
);

/** x as [B, C, ...]; refuses what has no channels. */
function checkChannels(x: GraphNode): void {
  if (x.shape.length >= 2) return;
  throw shapeError({ problem: "x has no channels", got: { x }, need: "x of shape [B, C, ...]" });
}

export interface BatchNormOptions {
  /** Running mean and variance, `[C]`: what inference uses, and what training moves. */
  mean?: GraphNode;
  variance?: GraphNode;
  weight?: GraphNode;
  bias?: GraphNode;
  eps?: number;
  training?: boolean;
  momentum?: number;
}

export const batchNorm = define("batchNorm", (x: GraphNode, options: BatchNormOptions = {}) => {
  const { mean, variance, weight, bias, eps = 1e-5, training = false, momentum = 0.1 } = options;
  checkChannels(x);
  const channels = dim(x.shape, 1);
  for (const [name, p] of Object.entries({ mean, variance })) {
    if (p && !shapesEqual(p.shape, [channels]))
      throw shapeError({
        problem: `one ${name} for each channel`,
        got: { x, [name]: p },
        need: `${name} of shape [${channels}]`,
      });
  }
  const kept = x.shape.map((n, i) => (i === 1 ? n : 1));
  if (!training) {
    if (!mean || !variance)
      throw shapeError({
        problem: "no running statistics",
        got: { x },
        need: "mean and variance, or training: true",
      });
    const centred = o.sub(x, o.reshape(mean, kept));
    const output = o.mul(centred, o.rsqrt(o.add(o.reshape(variance, kept), eps)));
    return { output: scaleAndShift(output, [1], weight, bias), mean, variance };
  }
  const count = sizeOf(x.shape) / Math.max(1, channels);
  if (count === 1)
    throw shapeError({
      problem: "one value per channel has no variance",
      got: { x },
      need: "more than one value per channel when training",
    });
  const axes = range(x.shape.length).filter((i) => i !== 1);
  const batch = standardize(x, axes, eps, weight && spread(x, [1], "weight", weight));
  const moved = (running: GraphNode | undefined, now: GraphNode): GraphNode => {
    const fresh = o.reshape(stopGradient(now), [channels]);
    return running ? o.add(o.mul(running, 1 - momentum), o.mul(fresh, momentum)) : fresh;
  };
  return {
    output: scaleAndShift(batch.output, [1], undefined, bias),
    mean: moved(mean, batch.mean),
    variance: moved(variance, o.mul(batch.variance, count / (count - 1))),
  };
});

export const groupNorm = define(
  "groupNorm",
  (
    x: GraphNode,
    groups: number,
    { weight, bias, eps = 1e-5 }: { weight?: GraphNode; bias?: GraphNode; eps?: number } = {},
  ): GraphNode => {
    checkChannels(x);
    const [batch = 0, channels = 0, ...space] = x.shape;
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw shapeError({
        problem: "channels do not fall into groups",
        got: { x, groups },
        need: "x.shape[1] divisible by groups",
      });
    }
    const grouped = o.reshape(x, [batch, groups, channels / groups, ...space]);
    const axes = range(space.length + 1, 2);
    const output = o.reshape(standardize(grouped, axes, eps).output, x.shape);
    return scaleAndShift(output, [1], weight, bias);
  },
);

export const instanceNorm = define(
  "instanceNorm",
  (
    x: GraphNode,
    { weight, bias, eps = 1e-5 }: { weight?: GraphNode; bias?: GraphNode; eps?: number } = {},
  ): GraphNode => {
    const axes = range(x.shape.length).slice(2);
    if (sizeAlong(x.shape, axes) <= 1) {
      throw shapeError({
        problem: "one value per channel has no variance",
        got: { x },
        need: "x of shape [B, C, ...space] with more than one position",
      });
    }
    return scaleAndShift(standardize(x, axes, eps).output, [1], weight, bias);
  },
);

/** sqrt(sum(x * x)) over an axis that is kept, but at least `eps`, where it has no gradient. */
export function normAtLeast(x: GraphNode, axis: number, eps: number): GraphNode {
  const square = o.sum(o.mul(x, x), [axis]);
  const tiny = o.less(square, eps * eps);
  // The root of a value that is never 0: its derivative would be infinite there.
  return o.where(tiny, eps, o.sqrt(o.where(tiny, 1, square)));
}

export const normalize = method(
  "normalize",
  (x: GraphNode, { axis = 1, eps = 1e-12 }: { axis?: number; eps?: number } = {}): GraphNode =>
    o.div(x, normAtLeast(x, normalizeAxis(axis, x.shape.length), eps)),
);
