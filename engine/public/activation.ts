import * as functions from "../functions/activation.ts";
import { lift } from "../lift.ts";

// All of these work element by element, give the shape of `x`, and pass NaN on. Integers become f32, but for `relu`,
// `relu6`, `hardTanh` and `threshold`. Gradients at kinks are PyTorch's. Source: engine/functions/activation.ts.

/**
 * `max(x, 0)`. Gradient 0 at 0.
 *
 * @example
 *   relu(tensor([-1, 2])); // 0, 2
 */
export const relu = lift(functions.relu);

/** `min(max(x, 0), 6)`. Gradient 0 at 0 and at 6. */
export const relu6 = lift(functions.relu6);

/** `x` held between `min` (-1) and `max` (1). Gradient 0 at and beyond both. */
export const hardTanh = lift(functions.hardTanh);

/** `x` above 0, `negativeSlope * x` (0.01) elsewhere; the gradient at 0 is the slope. */
export const leakyRelu = lift(functions.leakyRelu);

/**
 * `x` above 0, `weight * x` elsewhere, with a slope that is learned.
 *
 * @param weight Of shape `[]` or `[1]` for one slope, or `[C]` for one each along axis 1.
 * @throws {ShapeError} If `weight` has another shape.
 *
 * Gradient: reaches `x` and `weight`; at 0 that of `x` is the slope.
 */
export const prelu = lift(functions.prelu);

/** `x` above 0, `alpha * (exp(x) - 1)` elsewhere; `alpha` is 1. Paper: Clevert et al. 2015. */
export const elu = lift(functions.elu);

/** `x` above 0, `alpha * (exp(x / alpha) - 1)` elsewhere; `alpha` is 1. Paper: Barron 2017. */
export const celu = lift(functions.celu);

/** Self-normalising ELU with the constants of the paper. Paper: Klambauer et al. 2017. */
export const selu = lift(functions.selu);

/**
 * `x * Phi(x)`, with Phi the normal distribution function.
 *
 * @param options.approximate `"none"` by the error function, the default; `"tanh"` by the approximation of the paper.
 *
 * @example
 *   gelu(linear(x, weight, bias)); // one kernel
 *
 * Paper: Hendrycks and Gimpel 2016.
 */
export const gelu = lift(functions.gelu);

/** `1 / (1 + exp(-x))`, exact to rounding in both tails. */
export const sigmoid = lift(functions.sigmoid);

/** `log(sigmoid(x))` without overflow: `x` far below 0, `-exp(-x)` far above. */
export const logSigmoid = lift(functions.logSigmoid);

/** `x * sigmoid(x)`. */
export const silu = lift(functions.silu);

/** `x * sigmoid(x)`, by its other name. */
export const swish = silu;

/**
 * `log(1 + exp(beta * x)) / beta` without overflow.
 *
 * @param options.beta 1.
 * @param options.threshold Where `beta * x` is above it (20) the result is `x` itself.
 */
export const softplus = lift(functions.softplus);

/** `x * tanh(softplus(x))`. Paper: Misra 2019. */
export const mish = lift(functions.mish);

/** `x / (1 + |x|)`. */
export const softsign = lift(functions.softsign);

/** `relu6(x + 3) / 6`. */
export const hardSigmoid = lift(functions.hardSigmoid);

/** `x * relu6(x + 3) / 6`. Paper: Howard et al. 2019. */
export const hardSwish = lift(functions.hardSwish);

/** `x - tanh(x)`. */
export const tanhshrink = lift(functions.tanhshrink);

/** `x` moved towards 0 by `lambda` (0.5), and 0 within it. */
export const softshrink = lift(functions.softshrink);

/** `x`, but 0 where `|x| <= lambda` (0.5). */
export const hardshrink = lift(functions.hardshrink);

/** `x` above `options.threshold`, `options.value` elsewhere. */
export const threshold = lift(functions.threshold);

/**
 * Gated linear unit: the first half of an axis times the sigmoid of the second half.
 *
 * @param options.axis The axis that is halved; by default the last.
 * @throws {AxisError} If its size is odd.
 *
 * Paper: Dauphin et al. 2016.
 */
export const glu = lift(functions.glu);
