import { shapeError } from "../core/errors.ts";
import { normalizeAxis, shapesEqual } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { abs } from "./elementwise.ts";
import { normAtLeast } from "./normalization.ts";
import { dropped } from "./reduce-axes.ts";
import { type ReductionOption, reduced, sameShape } from "./reduction-option.ts";

const o = ops;

/** At least 0, with the gradient passed on at 0, as PyTorch clamps. */
const atLeastZero = (x: GraphNode): GraphNode => o.where(o.less(x, 0), 0, x);

export const mseLoss = define(
  "mseLoss",
  (x: GraphNode, target: GraphNode, { reduction }: ReductionOption = {}): GraphNode => {
    sameShape({ x, target });
    const d = o.sub(x, target);
    return reduced(o.mul(d, d), reduction);
  },
);

export const l1Loss = define(
  "l1Loss",
  (x: GraphNode, target: GraphNode, { reduction }: ReductionOption = {}): GraphNode => {
    sameShape({ x, target });
    return reduced(abs(o.sub(x, target)), reduction);
  },
);

export const smoothL1Loss = define(
  "smoothL1Loss",
  (
    x: GraphNode,
    target: GraphNode,
    { beta = 1, reduction }: ReductionOption & { beta?: number } = {},
  ): GraphNode => {
    sameShape({ x, target });
    const d = abs(o.sub(x, target));
    if (beta === 0) return reduced(d, reduction);
    const quadratic = o.mul(o.mul(d, d), 0.5 / beta);
    return reduced(o.where(o.less(d, beta), quadratic, o.sub(d, 0.5 * beta)), reduction);
  },
);

export const huberLoss = define(
  "huberLoss",
  (
    x: GraphNode,
    target: GraphNode,
    { delta = 1, reduction }: ReductionOption & { delta?: number } = {},
  ): GraphNode => {
    sameShape({ x, target });
    const d = abs(o.sub(x, target));
    const far = o.mul(o.sub(d, 0.5 * delta), delta);
    return reduced(o.where(o.lessEqual(d, delta), o.mul(o.mul(d, d), 0.5), far), reduction);
  },
);

export const cosineSimilarity = define(
  "cosineSimilarity",
  (a: GraphNode, b: GraphNode, { axis = 1, eps = 1e-8 }: { axis?: number; eps?: number } = {}): GraphNode => {
    const at = normalizeAxis(axis, Math.max(a.shape.length, b.shape.length));
    const unit = (x: GraphNode): GraphNode => {
      const own = x.shape.length - Math.max(a.shape.length, b.shape.length) + at;
      if (own < 0) throw shapeError({ problem: "an operand lacks the axis", got: { a, b } });
      return o.div(x, normAtLeast(x, own, eps));
    };
    return dropped(o.sum(o.mul(unit(a), unit(b)), [at]), [at]);
  },
);

export const cosineEmbeddingLoss = define(
  "cosineEmbeddingLoss",
  (
    a: GraphNode,
    b: GraphNode,
    target: GraphNode,
    { margin = 0, reduction }: ReductionOption & { margin?: number } = {},
  ): GraphNode => {
    sameShape({ a, b });
    const last = a.shape.length - 1;
    if (last < 0 || !shapesEqual(target.shape, a.shape.slice(0, last))) {
      throw shapeError({
        problem: "one target for each pair of rows",
        got: { a, b, target },
        need: "a and b of shape [B, D] and target of shape [B]",
      });
    }
    const sumOver = (x: GraphNode, y: GraphNode) => dropped(o.sum(o.mul(x, y), [last]), [last]);
    const scale = o.rsqrt(o.mul(o.add(sumOver(a, a), 1e-12), o.add(sumOver(b, b), 1e-12)));
    const cosine = o.mul(sumOver(a, b), scale);
    const near = o.sub(o.full(cosine.shape, 1, cosine.dtype), cosine);
    const far = atLeastZero(o.sub(cosine, margin));
    return reduced(o.where(o.equal(target, 1), near, o.where(o.equal(target, -1), far, 0)), reduction);
  },
);

export const pairwiseDistance = define(
  "pairwiseDistance",
  (
    a: GraphNode,
    b: GraphNode,
    { p = 2, eps = 1e-6, keepDims = false }: { p?: number; eps?: number; keepDims?: boolean } = {},
  ): GraphNode => {
    const d = o.add(o.sub(a, b), eps);
    const last = normalizeAxis(-1, d.shape.length);
    const distance = lengthOf(d, p, last);
    return keepDims ? distance : dropped(distance, [last]);
  },
);

/** (sum |x|^p)^(1/p) over an axis that is kept, with gradient 0 where it is 0. */
function lengthOf(x: GraphNode, p: number, axis: number): GraphNode {
  if (p === 1) return o.sum(abs(x), [axis]);
  if (p === Infinity) return o.max(abs(x), [axis]);
  const power = o.sum(p === 2 ? o.mul(x, x) : o.pow(abs(x), p), [axis]);
  const zero = o.equal(power, 0);
  const safe = o.where(zero, 1, power);
  return o.where(zero, 0, p === 2 ? o.sqrt(safe) : o.pow(safe, 1 / p));
}

export const tripletMarginLoss = define(
  "tripletMarginLoss",
  (
    anchor: GraphNode,
    positive: GraphNode,
    negative: GraphNode,
    options: ReductionOption & { margin?: number; p?: number; eps?: number; swap?: boolean } = {},
  ): GraphNode => {
    const { margin = 1, p = 2, eps = 1e-6, swap = false, reduction } = options;
    sameShape({ anchor, positive, negative });
    const distance = (a: GraphNode, b: GraphNode) => pairwiseDistance(a, b, { p, eps });
    const near = distance(anchor, positive);
    const far = distance(anchor, negative);
    const nearest = swap ? o.minimum(far, distance(positive, negative)) : far;
    return reduced(atLeastZero(o.add(o.sub(near, nearest), margin)), reduction);
  },
);

export const hingeEmbeddingLoss = define(
  "hingeEmbeddingLoss",
  (
    x: GraphNode,
    target: GraphNode,
    { margin = 1, reduction }: ReductionOption & { margin?: number } = {},
  ): GraphNode => {
    sameShape({ x, target });
    const far = atLeastZero(o.add(o.neg(x), margin));
    const losses = o.where(o.equal(target, 1), x, o.where(o.equal(target, -1), far, 0));
    return reduced(losses, reduction);
  },
);

export const marginRankingLoss = define(
  "marginRankingLoss",
  (
    a: GraphNode,
    b: GraphNode,
    target: GraphNode,
    { margin = 0, reduction }: ReductionOption & { margin?: number } = {},
  ): GraphNode => {
    sameShape({ a, b, target });
    return reduced(atLeastZero(o.add(o.mul(o.neg(target), o.sub(a, b)), margin)), reduction);
  },
);
