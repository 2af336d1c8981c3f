import { isFloat } from "../core/dtype.ts";
import { axisError, shapeError } from "../core/errors.ts";
import { dim, dropAxes, shapesEqual } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { decay } from "./activation.ts";
import { define } from "./define.ts";
import { abs, exp, log1p } from "./elementwise.ts";
import { stopGradient, withGradient } from "./gradient.ts";
import { dropped, total } from "./reduce-axes.ts";
import { type Reduction, type ReductionOption, reduced, sameShape } from "./reduction-option.ts";

const o = ops;

export interface ClassLossOptions extends ReductionOption {
  /** Weight of each class, `[C]`. */
  weight?: GraphNode;
  /** Targets of this class do not count. */
  ignoreIndex?: number;
}

/** log(sum(exp(x))) with the axis kept; -Infinity where all of a row is. */
function logSumExpOf(x: GraphNode, axis: number): GraphNode {
  const max = stopGradient(o.max(x, [axis]));
  const largest = o.where(o.equal(abs(max), Infinity), 0, max); // infinity less itself would be NaN
  return o.add(o.log(o.sum(exp(o.sub(x, largest)), [axis])), largest);
}

/** What is known of class targets. All keep the class axis, with size 1. */
interface Targets {
  readonly axis: number;
  readonly index: GraphNode;
  /** Which count. */
  readonly counts: GraphNode;
  /** Of the class of each; null: all weigh 1. */
  readonly weight: GraphNode | null;
}

function classAxis(x: GraphNode): number {
  if (x.shape.length === 0)
    throw shapeError({ problem: "no classes", got: { x }, need: "x of shape [B, C, ...] or [C]" });
  return x.shape.length === 1 ? 0 : 1;
}

function checkClassWeight(x: GraphNode, axis: number, weight: GraphNode | undefined): void {
  if (!weight || shapesEqual(weight.shape, [dim(x.shape, axis)])) return;
  throw shapeError({
    problem: "one weight for each class",
    got: { x, weight },
    need: `weight of shape [${x.shape[axis]}]`,
  });
}

function classTargets(x: GraphNode, target: GraphNode, options: ClassLossOptions): Targets {
  const axis = classAxis(x);
  if (!shapesEqual(target.shape, dropAxes(x.shape, [axis], false))) {
    throw shapeError({
      problem: "targets do not fit the logits",
      got: { x, target },
      need: `classes (i32) of shape [${dropAxes(x.shape, [axis], false)}], or probabilities of the shape of x`,
    });
  }
  checkClassWeight(x, axis, options.weight);
  const kept = o.reshape(o.cast(target, "i32"), dropAxes(x.shape, [axis], true));
  const counts = o.notEqual(kept, options.ignoreIndex ?? -100);
  // What does not count still needs a weight that is a number: its gradient is 0 times that.
  const weight = options.weight ? weightOf(x, axis, options.weight, o.where(counts, kept, 0)) : null;
  return { axis, index: kept, counts, weight };
}

const ofClasses = (x: GraphNode, axis: number, weight: GraphNode): GraphNode =>
  o.reshape(
    weight,
    x.shape.map((n, i) => (i === axis ? n : 1)),
  );

/** The weight of each target's class. */
const weightOf = (x: GraphNode, axis: number, weight: GraphNode, index: GraphNode): GraphNode =>
  o.gather(o.broadcastTo(ofClasses(x, axis, weight), x.shape), existing(x, axis, index), axis);

/** A class that does not exist must not count from the end: it shall give NaN, not the value of another class. */
const existing = (x: GraphNode, axis: number, index: GraphNode): GraphNode =>
  o.where(o.less(index, 0), dim(x.shape, axis), index);

/** The value at each target's class. Its gradient is a comparison, which joins the kernel of the softmax. */
function picked(x: GraphNode, { index, axis }: Targets): GraphNode {
  return withGradient(o.gather(x, existing(x, axis, index), axis), [x, index], (ct, ins) => {
    const hit = o.equal(o.iota(x.shape, axis), o.broadcastTo(ins[1] as GraphNode, x.shape));
    return [o.where(hit, o.broadcastTo(ct, x.shape), 0), null];
  });
}

/** Losses of single targets as the result; the mean is taken over targets that count, by their weight. */
function reduceTargets(losses: GraphNode, t: Targets, reduction: Reduction = "mean"): GraphNode {
  const weighted = t.weight ? o.mul(losses, t.weight) : losses;
  return reduceCounted(weighted, t, reduction);
}

function reduceCounted(losses: GraphNode, t: Targets, reduction: Reduction): GraphNode {
  const counted = o.where(t.counts, losses, 0);
  if (reduction !== "mean") return reduced(dropped(counted, [t.axis]), reduction);
  const share = o.where(t.counts, t.weight ?? o.full(losses.shape, 1, losses.dtype), 0);
  return o.div(total(counted), total(share));
}

export const nllLoss = define(
  "nllLoss",
  (logProbabilities: GraphNode, target: GraphNode, options: ClassLossOptions = {}): GraphNode => {
    const t = classTargets(logProbabilities, target, options);
    return reduceTargets(o.neg(picked(logProbabilities, t)), t, options.reduction);
  },
);

export const crossEntropy = define(
  "crossEntropy",
  (
    logits: GraphNode,
    target: GraphNode,
    options: ClassLossOptions & { labelSmoothing?: number } = {},
  ): GraphNode => {
    const { labelSmoothing = 0, reduction = "mean", weight } = options;
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
      throw axisError({
        problem: `labelSmoothing ${labelSmoothing} is no share`,
        need: "0 to 1",
      });
    if (isFloat(target.dtype)) return softCrossEntropy(logits, target, labelSmoothing, reduction, weight);
    const t = classTargets(logits, target, options);
    const logSum = logSumExpOf(logits, t.axis);
    const sharp = reduceTargets(o.sub(logSum, picked(logits, t)), t, reduction);
    if (labelSmoothing === 0) return sharp;
    const classes = dim(logits.shape, t.axis);
    const each = o.sub(logSum, logits);
    const smooth = reduceCounted(o.sum(classWeighted(each, t.axis, weight), [t.axis]), t, reduction);
    return o.add(o.mul(sharp, 1 - labelSmoothing), o.mul(smooth, labelSmoothing / classes));
  },
);

const classWeighted = (x: GraphNode, axis: number, weight: GraphNode | undefined): GraphNode =>
  weight ? o.mul(x, ofClasses(x, axis, weight)) : x;

/** Targets are probabilities of the classes. */
function softCrossEntropy(
  logits: GraphNode,
  target: GraphNode,
  smoothing: number,
  reduction: Reduction,
  weight: GraphNode | undefined,
): GraphNode {
  sameShape({ logits, target });
  const axis = classAxis(logits);
  checkClassWeight(logits, axis, weight);
  const classes = dim(logits.shape, axis);
  const smoothed =
    smoothing === 0 ? target : o.add(o.mul(target, 1 - smoothing), smoothing / Math.max(1, classes));
  const minusLog = o.sub(logSumExpOf(logits, axis), logits);
  const losses = dropped(o.sum(classWeighted(o.mul(minusLog, smoothed), axis, weight), [axis]), [axis]);
  return reduced(losses, reduction);
}

export const binaryCrossEntropy = define(
  "binaryCrossEntropy",
  (
    p: GraphNode,
    target: GraphNode,
    { weight, reduction }: ReductionOption & { weight?: GraphNode } = {},
  ): GraphNode => {
    sameShape({ p, target });
    // Logarithms of at least -100, so that a wrong certainty costs much but is finite (as in PyTorch).
    const bounded = (x: GraphNode) => o.where(o.less(x, -100), -100, x);
    const logP = bounded(o.log(p));
    const logQ = bounded(log1p(o.neg(p)));
    const losses = o.neg(
      o.add(o.mul(target, logP), o.mul(o.sub(o.full(target.shape, 1, target.dtype), target), logQ)),
    );
    const smooth = withGradient(losses, [p, target, logP, logQ], (ct, ins) => {
      const [x, t, lp, lq] = ins as [GraphNode, GraphNode, GraphNode, GraphNode];
      const slope = o.maximum(o.mul(x, o.sub(o.full(x.shape, 1, x.dtype), x)), 1e-12);
      return [o.mul(ct, o.div(o.sub(x, t), slope)), o.mul(ct, o.sub(lq, lp)), null, null];
    });
    return reduced(weight ? o.mul(smooth, weight) : smooth, reduction);
  },
);

export const binaryCrossEntropyWithLogits = define(
  "binaryCrossEntropyWithLogits",
  (
    logits: GraphNode,
    target: GraphNode,
    {
      weight,
      positiveWeight,
      reduction,
    }: ReductionOption & { weight?: GraphNode; positiveWeight?: GraphNode } = {},
  ): GraphNode => {
    sameShape({ logits, target });
    const no = o.mul(o.sub(o.full(target.shape, 1, target.dtype), target), logits);
    // What is large cancels before what is small is added: max(-x, 0) + log(1 + exp(-|x|)) is -log of the sigmoid.
    const yes = positiveWeight && o.add(o.mul(o.sub(positiveWeight, 1), target), 1);
    const times = (x: GraphNode) => (yes ? o.mul(x, yes) : x);
    const large = o.where(o.less(logits, 0), o.neg(logits), 0);
    const losses = o.add(o.add(no, times(large)), times(log1p(decay(logits))));
    return reduced(weight ? o.mul(losses, weight) : losses, reduction);
  },
);

export const klDivergence = define(
  "klDivergence",
  (
    logProbabilities: GraphNode,
    target: GraphNode,
    {
      logTarget = false,
      reduction = "mean",
    }: { logTarget?: boolean; reduction?: Reduction | "batchMean" } = {},
  ): GraphNode => {
    sameShape({ logProbabilities, target });
    const none = o.equal(target, 0);
    const losses = logTarget
      ? o.mul(o.exp(target), o.sub(target, logProbabilities))
      : // 0 * log 0 is 0 here.
        o.sub(
          o.where(none, 0, o.mul(target, o.log(o.where(none, 1, target)))),
          o.mul(target, logProbabilities),
        );
    if (reduction === "batchMean") return o.mul(total(losses), 1 / (losses.shape[0] ?? 1));
    return reduced(losses, reduction);
  },
);
