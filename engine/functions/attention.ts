import { DTypeError, ShapeError } from "../core/errors.ts";
import { broadcastShapes, dim, shapesEqual } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { dropout } from "./dropout.ts";
import { stopGradient, withGradient } from "./gradient.ts";
import { matmul } from "./linear.ts";
import { softmax } from "./normalization.ts";
import { range } from "./reduce-axes.ts";

const o = ops;

export interface AttentionOptions {
  /** Which keys a query may see (bool), or what is added to the scores, where -Infinity hides (float); [.., N, M]. */
  mask?: GraphNode;
  /** Added to the scores; finite. [.., N, M] */
  bias?: GraphNode;
  /** Query i sees keys 0..i. */
  causal?: boolean;
  /** Of the scores; 1 / sqrt(D) by default. */
  scale?: number;
  /** Of the weights. */
  dropout?: { p?: number; key: GraphNode; training?: boolean };
  /** Whether to return the weights too. */
  weights?: boolean;
}

export interface AttentionResult {
  output: GraphNode;
  /** [.., N, M], before dropout. */
  weights: GraphNode;
}

/** Scores of what is hidden. Finite, since WGSL compilers may assume that there are no infinities. */
const hiddenScore = (dtype: GraphNode["dtype"]): number => (dtype === "f16" ? -60000 : -1e30);

function checkOperands(q: GraphNode, k: GraphNode, v: GraphNode): void {
  const rank = Math.min(q.shape.length, k.shape.length, v.shape.length);
  if (rank >= 2 && last(q) === last(k) && k.shape[k.shape.length - 2] === v.shape[v.shape.length - 2]) return;
  throw new ShapeError("scaledDotProductAttention", {
    problem: "queries, keys and values do not fit",
    got: { q, k, v },
    need: "q [.., N, D], k [.., M, D] and v [.., M, E]",
  });
}

const last = (x: GraphNode): number => dim(x.shape, x.shape.length - 1);

const transposed = (x: GraphNode): GraphNode => {
  const rank = x.shape.length;
  return o.permute(x, [...range(rank - 2), rank - 1, rank - 2]);
};

/** A mask or bias repeated to the shape of the scores; it may not make them larger. */
function spread(name: string, m: GraphNode, scores: GraphNode): GraphNode {
  if (m.shape.length <= scores.shape.length) {
    const shape = broadcastShapes("scaledDotProductAttention", m.shape, scores.shape);
    if (shapesEqual(shape, scores.shape)) return o.broadcastTo(m, scores.shape);
  }
  throw new ShapeError("scaledDotProductAttention", {
    problem: `${name} does not fit the scores`,
    got: { [name]: m, scores },
    need: `${name} that broadcasts to [${scores.shape}]`,
  });
}

/** Where scores count, null for everywhere; what is hidden by a float mask shows in the scores themselves. */
function visible(scores: GraphNode, mask: GraphNode | undefined, causal: boolean): GraphNode | null {
  const rank = scores.shape.length;
  const past = causal ? o.lessEqual(o.iota(scores.shape, rank - 1), o.iota(scores.shape, rank - 2)) : null;
  if (mask?.dtype !== "bool") return past;
  const allowed = spread("mask", mask, scores);
  return past ? o.and(allowed, past) : allowed;
}

/** Softmax over the last axis whose rows of hidden scores alone are 0, not NaN. */
function maskedSoftmax(scores: GraphNode): GraphNode {
  const axis = scores.shape.length - 1;
  const max = stopGradient(o.max(scores, [axis]));
  const exp = o.exp(o.sub(scores, max));
  const nothing = o.less(max, hiddenScore(scores.dtype) / 2);
  const share = o.where(nothing, 0, o.div(o.full(max.shape, 1, max.dtype), o.sum(exp, [axis])));
  const weights = o.mul(exp, share);
  return withGradient(weights, [scores, weights], (ct, ins) => {
    const p = ins[1] as GraphNode;
    return [o.mul(p, o.sub(ct, o.sum(o.mul(ct, p), [axis]))), null];
  });
}

function attentionWeights(q: GraphNode, k: GraphNode, options: AttentionOptions): GraphNode {
  const { mask, bias, causal = false, scale = 1 / Math.sqrt(last(q)) } = options;
  if (mask && mask.dtype !== "bool" && mask.dtype !== q.dtype) {
    throw new DTypeError("scaledDotProductAttention", {
      problem: "the mask is neither boolean nor of the dtype of the scores",
      got: { mask, q },
      hint: 'mask.cast("bool")',
    });
  }
  let scores = o.mul(matmul(q, transposed(k)), scale);
  if (bias) scores = o.add(scores, spread("bias", bias, scores));
  const hidden = hiddenScore(scores.dtype);
  if (mask && mask.dtype !== "bool") scores = o.maximum(o.add(scores, spread("mask", mask, scores)), hidden);
  const shown = visible(scores, mask, causal);
  if (shown) scores = o.where(shown, scores, hidden);
  // Every query sees key 0 when it sees the past alone.
  return mask && last(scores) > 0 ? maskedSoftmax(scores) : softmax(scores);
}

export const scaledDotProductAttention = define(
  "scaledDotProductAttention",
  (q: GraphNode, k: GraphNode, v: GraphNode, options: AttentionOptions = {}): GraphNode | AttentionResult => {
    checkOperands(q, k, v);
    const weights = attentionWeights(q, k, options);
    const output = matmul(options.dropout ? dropout(weights, options.dropout) : weights, v);
    return options.weights ? { output, weights } : output;
  },
);
