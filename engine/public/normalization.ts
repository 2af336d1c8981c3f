import * as functions from "../functions/normalization.ts";
import { type Lifted, lift } from "../lift.ts";

export type BatchNormOptions = Lifted<functions.BatchNormOptions>;

/**
 * `exp(x) / sum(exp(x))` along an axis (the last): positive, and 1 in sum. Shifted by the maximum, so nothing
 * overflows; a row of -Infinity alone gives NaN, as in PyTorch.
 *
 * @throws {AxisError} If there is no such axis.
 *
 * Memory: one kernel; the backward pass keeps the result and nothing else.
 *
 * @example
 *   softmax(tensor([[0, 0], [0, Math.log(3)]])); // [[0.5, 0.5], [0.25, 0.75]]
 *
 * Source: engine/functions/normalization.ts.
 */
export const softmax = lift(functions.softmax);

/** `softmax(-x)`. Source: engine/functions/normalization.ts. */
export const softmin = lift(functions.softmin);

/**
 * The logarithm of `softmax(x)` along an axis (the last), exact where the softmax itself underflows.
 *
 * Source: engine/functions/normalization.ts.
 */
export const logSoftmax = lift(functions.logSoftmax);

/**
 * Zero mean and unit variance over the last axes, then scale and shift.
 *
 * @param x `[.., ...S]`.
 * @param normalizedShape S: the sizes of the axes to normalise over; a number stands for one axis.
 * @param options.weight, options.bias Of shape S, if any.
 * @param options.eps Added to the variance (divided by the count). Default 1e-5.
 * @throws {ShapeError} If `x` does not end in S, or a parameter has another shape.
 *
 * Memory: one kernel forward. The variance is that of centred values, so a large mean costs no accuracy.
 * Gradient: reaches `x`, `weight` and `bias`.
 *
 * @example
 *   layerNorm(x, [384], { weight, bias, eps: 1e-6 });
 *
 * Source: engine/functions/normalization.ts. Paper: Ba et al. 2016.
 */
export const layerNorm = lift(functions.layerNorm);

/**
 * `x / sqrt(mean(x * x) + eps)` over the last axes, then scale.
 *
 * @param normalizedShape Sizes of the axes to normalise over; a number stands for one axis.
 * @param options.weight Of that shape, if any.
 * @param options.eps Default 2^-23.
 *
 * Source: engine/functions/normalization.ts. Paper: Zhang and Sennrich 2019.
 */
export const rmsNorm = lift(functions.rmsNorm);

/**
 * Zero mean and unit variance for each channel of a batch, then scale and shift.
 *
 * There is no hidden state: the running statistics are an argument and a result.
 *
 * @param x `[B, C, ...]`.
 * @param options.mean, options.variance Running statistics, `[C]`. Without `training` they are what `x` is normalised
 *   with, and are returned as they are. With it the batch's own are used, and the running ones moved towards them.
 * @param options.weight, options.bias `[C]`, if any.
 * @param options.training Default false.
 * @param options.momentum Weight of the new batch in the running statistics. Default 0.1.
 * @param options.eps Default 1e-5.
 * @returns `output` like `x`; `mean` and `variance` `[C]`, the new running statistics (the variance unbiased), or those
 *   of the batch where none were given.
 * @throws {ShapeError} If a parameter is not `[C]`, statistics are missing, or a channel has a single value in training.
 *
 * Gradient: reaches `x`, `weight` and `bias`, through the batch statistics too; none from the running statistics.
 *
 * @example
 *   const { output, mean, variance } = batchNorm(x, { ...running, weight, bias, training: true });
 *
 * Source: engine/functions/normalization.ts. Paper: Ioffe and Szegedy 2015.
 */
export const batchNorm = lift(functions.batchNorm);

/**
 * Zero mean and unit variance over groups of channels of each sample, then scale and shift.
 *
 * @param x `[B, C, ...]`.
 * @param groups Divides C.
 * @param options.weight, options.bias `[C]`, if any.
 * @param options.eps Default 1e-5.
 * @throws {ShapeError} If C is not divisible by `groups`, or a parameter is not `[C]`.
 *
 * Source: engine/functions/normalization.ts. Paper: Wu and He 2018.
 */
export const groupNorm = lift(functions.groupNorm);

/**
 * Zero mean and unit variance for each channel of each sample, then scale and shift.
 *
 * @param x `[B, C, ...space]`.
 * @param options.weight, options.bias `[C]`, if any.
 * @param options.eps Default 1e-5.
 * @throws {ShapeError} If there is only one position, or a parameter is not `[C]`.
 *
 * Source: engine/functions/normalization.ts. Paper: Ulyanov et al. 2016.
 */
export const instanceNorm = lift(functions.instanceNorm);

/**
 * `x / max(|x|, eps)` with the Euclidean length along an axis.
 *
 * @param options.axis Default 1, as in PyTorch: features or channels.
 * @param options.eps Default 1e-12. Where the length is below, it has no gradient.
 *
 * Source: engine/functions/normalization.ts.
 */
export const normalize = lift(functions.normalize);
