import * as classLosses from "../functions/class-loss.ts";
import * as functions from "../functions/loss.ts";
import { lift } from "../lift.ts";

export type { Reduction } from "../functions/reduction-option.ts";

// `reduction` is "mean" (over all elements), "sum" or "none" in every loss here. Losses are f32[] unless it is "none".
// Operands must have one shape; broadcasting would hide mistakes. Source: engine/functions/loss.ts and class-loss.ts.

/** `(x - target)^2`. */
export const mseLoss = lift(functions.mseLoss);

/** `|x - target|`; gradient 0 where they are equal. */
export const l1Loss = lift(functions.l1Loss);

/** With d = |x - target|: `d^2 / (2 beta)` below `beta` (1), `d - beta / 2` above. */
export const smoothL1Loss = lift(functions.smoothL1Loss);

/** With d = |x - target|: `d^2 / 2` up to `delta` (1), `delta (d - delta / 2)` above. */
export const huberLoss = lift(functions.huberLoss);

/**
 * Cross-entropy of a classification, in nats.
 *
 * @param logits `[B, C, ...]`, or `[C]`; classes are axis 1.
 * @param target Classes, i32 `[B, ...]`; or probabilities, floats like `logits`.
 * @param options.labelSmoothing Share of each target that is spread over all classes. Default 0.
 * @param options.weight Weight of each class, `[C]`. The mean is taken by weight for class targets.
 * @param options.ignoreIndex Targets of this class do not count, not even in the mean. Default -100.
 * @throws {ShapeError} If the shapes do not fit.
 *
 * A class outside 0..C-1 gives NaN: the device cannot throw.
 * Gradient: reaches `logits`, and targets that are probabilities.
 *
 * @example
 *   crossEntropy(logits, tensor([3, 1], { dtype: "i32" }), { labelSmoothing: 0.1 });
 *
 * Source: engine/functions/class-loss.ts.
 */
export const crossEntropy = lift(classLosses.crossEntropy);

/**
 * Negative log-likelihood of classes, from log-probabilities.
 *
 * @param logProbabilities `[B, C, ...]`, or `[C]`.
 * @param target Classes, i32 `[B, ...]`.
 * @param options As in `crossEntropy`.
 *
 * Source: engine/functions/class-loss.ts.
 */
export const nllLoss = lift(classLosses.nllLoss);

/**
 * Cross-entropy of independent yes/no questions, from probabilities.
 *
 * @param p Probabilities, 0 to 1. Logarithms are bounded by -100.
 * @param target Shares of yes, of the shape of `p`.
 * @param options.weight Weight of each element; broadcasts.
 *
 * Source: engine/functions/class-loss.ts.
 */
export const binaryCrossEntropy = lift(classLosses.binaryCrossEntropy);

/**
 * The same from logits, without overflow.
 *
 * @param options.weight Weight of each element; broadcasts.
 * @param options.positiveWeight Weight of yes; broadcasts.
 *
 * Source: engine/functions/class-loss.ts.
 */
export const binaryCrossEntropyWithLogits = lift(classLosses.binaryCrossEntropyWithLogits);

/**
 * `target * (log(target) - logProbabilities)`: Kullback-Leibler divergence, term by term.
 *
 * @param options.logTarget Whether `target` holds logarithms. Default false.
 * @param options.reduction Also `"batchMean"`: the sum divided by the size of axis 0, which is the divergence itself.
 *
 * Source: engine/functions/class-loss.ts.
 */
export const klDivergence = lift(classLosses.klDivergence);

/**
 * Cosine of the angle between vectors along an axis; operands broadcast.
 *
 * @param options.axis Default 1.
 * @param options.eps Lengths count as at least this. Default 1e-8.
 *
 * Source: engine/functions/loss.ts.
 */
export const cosineSimilarity = lift(functions.cosineSimilarity);

/**
 * `1 - cos(a, b)` for pairs with target 1, `max(0, cos(a, b) - margin)` for those with -1.
 *
 * @param a, b `[B, D]` or `[D]`.
 * @param target `[B]` or `[]`.
 *
 * Source: engine/functions/loss.ts.
 */
export const cosineEmbeddingLoss = lift(functions.cosineEmbeddingLoss);

/** The p-norm (2) of `a - b + eps` along the last axis; `eps` is 1e-6, as in PyTorch. */
export const pairwiseDistance = lift(functions.pairwiseDistance);

/**
 * `max(0, d(anchor, positive) - d(anchor, negative) + margin)`.
 *
 * @param anchor, positive, negative `[.., D]`.
 * @param options.margin 1. `options.p`, `options.eps`: of `pairwiseDistance`.
 * @param options.swap Takes d(positive, negative) where that is smaller. Default false.
 *
 * Source: engine/functions/loss.ts. Paper: Balntas et al. 2016.
 */
export const tripletMarginLoss = lift(functions.tripletMarginLoss);

/** `x` where the target is 1, `max(0, margin - x)` where it is -1; the margin is 1. */
export const hingeEmbeddingLoss = lift(functions.hingeEmbeddingLoss);

/** `max(0, -target * (a - b) + margin)`; the margin is 0. */
export const marginRankingLoss = lift(functions.marginRankingLoss);
