import { dtypeError, shapeError } from "../core/errors.ts";
import { broadcastShapes, dim, shapesEqual } from "../core/shape.ts";
import type { AttentionParams } from "../ir/attention.ts";
import { type GraphNode, makeNode } from "../ir/node.ts";
import type { Primitive } from "../ir/primitive.ts";
import { attention, composedAttention, ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { checkShare, kept } from "./dropout.ts";
import { toCommonDType, toFloat } from "./promotion.ts";

const o = ops;

const OP = "scaledDotProductAttention";

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

function checkOperands(q: GraphNode, k: GraphNode, v: GraphNode): void {
  const rank = Math.min(q.shape.length, k.shape.length, v.shape.length);
  if (rank >= 2 && last(q) === last(k) && k.shape[k.shape.length - 2] === v.shape[v.shape.length - 2]) return;
  throw shapeError({
    problem: "queries, keys and values do not fit",
    got: { q, k, v },
    need: "q [.., N, D], k [.., M, D] and v [.., M, E]",
  });
}

const last = (x: GraphNode): number => dim(x.shape, x.shape.length - 1);

/** A mask or bias may be repeated along the axes of the scores; it may not make them larger. */
function checkFits(name: string, m: GraphNode, scores: readonly number[]): void {
  const shape = m.shape.length <= scores.length ? broadcastShapes(m.shape, scores) : m.shape;
  if (shapesEqual(shape, scores)) return;
  throw shapeError({
    problem: `${name} does not fit the scores`,
    got: { [name]: m, scores },
    need: `${name} that broadcasts to [${scores}]`,
  });
}

/** Where scores count, undefined for everywhere; what is hidden by a float mask shows in the scores themselves. */
function visibleKeys(
  scores: readonly number[],
  mask: GraphNode | undefined,
  causal: boolean,
): GraphNode | undefined {
  const rank = scores.length;
  const past = causal ? o.lessEqual(o.iota(scores, rank - 1), o.iota(scores, rank - 2)) : undefined;
  if (mask?.dtype !== "bool") return past;
  return past ? o.and(o.broadcastTo(mask, scores), past) : mask;
}

export const scaledDotProductAttention = define(
  OP,
  (x: GraphNode, y: GraphNode, z: GraphNode, options: AttentionOptions = {}): GraphNode | AttentionResult => {
    const { mask, bias, causal = false, dropout: drop } = options;
    const [q, k, v] = toCommonDType([x, y, z].map(toFloat)) as [GraphNode, GraphNode, GraphNode];
    checkOperands(q, k, v);
    if (mask && mask.dtype !== "bool" && mask.dtype !== q.dtype) {
      throw dtypeError({
        problem: "the mask is neither boolean nor of the dtype of the scores",
        got: { mask, q },
        hint: 'mask.cast("bool")',
      });
    }
    const lead = broadcastShapes(...[q, k, v].map((a) => a.shape.slice(0, -2)));
    const scores = [...lead, dim(q.shape, q.shape.length - 2), dim(k.shape, k.shape.length - 2)];
    const whole = (a: GraphNode) => o.broadcastTo(a, [...lead, ...a.shape.slice(-2)]);
    // With as many axes as the scores but no larger: gradients are summed up where the kernels make them.
    const aligned = (a: GraphNode) => o.reshape(a, [...scores.slice(a.shape.length).fill(1), ...a.shape]);
    if (bias) checkFits("bias", bias, scores);
    if (mask) checkFits("mask", mask, scores);
    const added = [bias && toFloat(bias), mask?.dtype === "bool" ? undefined : mask].flatMap((a) =>
      a ? [a] : [],
    );
    const shown = visibleKeys(scores, mask, causal);
    if (drop) checkShare(drop.p ?? 0.5);
    const dropped = drop && drop.training !== false ? (drop.p ?? 0.5) : 0;
    const booleans = [shown, drop && dropped > 0 ? kept(drop.key, dropped, scores) : undefined];
    const ins = [...[q, k, v].map(whole), ...[...added, ...booleans].flatMap((a) => (a ? [aligned(a)] : []))];
    const { scale = 1 / Math.sqrt(last(q)) } = options;
    const params: AttentionParams = {
      role: "output",
      scale,
      addends: added.length,
      target: 0,
      visible: shown !== undefined,
      kept: dropped === 0 ? 0 : dropped === 1 ? 1 : 1 / (1 - dropped),
    };
    const output = makeNode(attention as Primitive, ins, params);
    return options.weights ? { output, weights: composedAttention(ins, params, "weights") } : output;
  },
);
