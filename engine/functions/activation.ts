import { axisError, shapeError } from "../core/errors.ts";
import { dim, normalizeAxis, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define, method } from "./define.ts";
import { abs, div, erf, exp, expm1, log1p, tanh } from "./elementwise.ts";
import { withGradient } from "./gradient.ts";

const o = ops;

// Branches are chosen so that NaN takes the one that passes it on, and so that the branch not taken is finite: its
// cotangent is 0, and 0 times infinity would be NaN.

const positive = (y: GraphNode, x: GraphNode): GraphNode => o.where(o.lessEqual(y, 0), 0, x);

/** Its gradient looks at the result, which is kept anyway where it is an operand. */
export const relu = method("relu", (x: GraphNode) => {
  const y = positive(x, x);
  return withGradient(y, [x, y], (ct, [, kept]) => [positive(kept as GraphNode, ct), null]);
});

/** `x` between the bounds, with gradient 0 on and outside them. */
const clamped = (x: GraphNode, min: number, max: number): GraphNode =>
  o.where(o.lessEqual(x, min), min, o.where(o.lessEqual(o.full(x.shape, max, x.dtype), x), max, x));

export const relu6 = define("relu6", (x: GraphNode) => clamped(x, 0, 6));

export const hardTanh = define(
  "hardTanh",
  (x: GraphNode, { min = -1, max = 1 }: { min?: number; max?: number } = {}) => clamped(x, min, max),
);

export const leakyRelu = method(
  "leakyRelu",
  (x: GraphNode, { negativeSlope = 0.01 }: { negativeSlope?: number } = {}) =>
    o.where(o.greater(x, 0), x, o.mul(x, negativeSlope)),
);

export const prelu = define("prelu", (x: GraphNode, weight: GraphNode) => {
  const channels = x.shape.length > 1 ? dim(x.shape, 1) : 1;
  const count = sizeOf(weight.shape);
  if (weight.shape.length > 1 || (count !== 1 && count !== channels)) {
    throw shapeError({
      problem: "one slope, or one for each channel",
      got: { x, weight },
      need: `weight of shape [] or [${channels}]`,
    });
  }
  const aligned = o.reshape(
    weight,
    x.shape.map((_, i) => (i === 1 ? count : 1)),
  );
  return o.where(o.greater(x, 0), x, o.mul(x, x.shape.length > 0 ? aligned : o.reshape(weight, [])));
});

/** alpha * (exp(x / scale) - 1) below 0, x above. */
function exponentialLinear(x: GraphNode, alpha: number, scale: number): GraphNode {
  const positive = o.greater(x, 0);
  const negative = o.where(positive, 0, x);
  return o.where(positive, x, o.mul(expm1(scale === 1 ? negative : div(negative, scale)), alpha));
}

export const elu = define("elu", (x: GraphNode, { alpha = 1 }: { alpha?: number } = {}) =>
  exponentialLinear(x, alpha, 1),
);

export const celu = define("celu", (x: GraphNode, { alpha = 1 }: { alpha?: number } = {}) =>
  exponentialLinear(x, alpha, alpha),
);

export const selu = define("selu", (x: GraphNode) =>
  o.mul(exponentialLinear(x, 1.6732632423543772, 1), 1.0507009873554805),
);

export const gelu = method(
  "gelu",
  (x: GraphNode, { approximate = "none" }: { approximate?: "none" | "tanh" } = {}) => {
    if (approximate === "none") return o.mul(o.mul(x, 0.5), o.add(erf(o.mul(x, Math.SQRT1_2)), 1));
    const inner = o.mul(o.mul(x, o.add(o.mul(o.mul(x, x), 0.044715), 1)), Math.sqrt(2 / Math.PI));
    return o.mul(o.mul(x, 0.5), o.add(tanh(inner), 1));
  },
);

/** exp(-|x|), with one gradient at 0: the exponent is x below 0 and -x from 0 on. */
export const decay = (x: GraphNode): GraphNode => exp(o.where(o.less(x, 0), x, o.neg(x)));

export const sigmoid = method("sigmoid", (x: GraphNode) => {
  const e = decay(x);
  return div(o.where(o.less(x, 0), e, 1), o.add(e, 1));
});

export const logSigmoid = method("logSigmoid", (x: GraphNode) =>
  o.sub(o.where(o.less(x, 0), x, 0), log1p(decay(x))),
);

export const silu = method("silu", (x: GraphNode) => o.mul(x, sigmoid(x)));

/** log(1 + exp(x)). */
const logOnePlusExp = (x: GraphNode): GraphNode => o.add(o.where(o.less(x, 0), 0, x), log1p(decay(x)));

export const softplus = method(
  "softplus",
  (x: GraphNode, { beta = 1, threshold = 20 }: { beta?: number; threshold?: number } = {}) => {
    const scaled = beta === 1 ? x : o.mul(x, beta);
    const soft = logOnePlusExp(scaled);
    return o.where(o.greater(scaled, threshold), x, beta === 1 ? soft : div(soft, beta));
  },
);

export const mish = define("mish", (x: GraphNode) => o.mul(x, tanh(logOnePlusExp(x))));

export const softsign = define("softsign", (x: GraphNode) => div(x, o.add(abs(x), 1)));

export const hardSigmoid = define("hardSigmoid", (x: GraphNode) => div(clamped(o.add(x, 3), 0, 6), 6));

export const hardSwish = define("hardSwish", (x: GraphNode) => o.mul(x, hardSigmoid(x)));

export const tanhshrink = define("tanhshrink", (x: GraphNode) => o.sub(x, tanh(x)));

export const softshrink = define("softshrink", (x: GraphNode, { lambda = 0.5 }: { lambda?: number } = {}) =>
  o.where(o.greater(x, lambda), o.sub(x, lambda), o.where(o.less(x, -lambda), o.add(x, lambda), o.mul(x, 0))),
);

export const hardshrink = define("hardshrink", (x: GraphNode, { lambda = 0.5 }: { lambda?: number } = {}) =>
  o.where(o.and(o.lessEqual(x, lambda), o.lessEqual(o.full(x.shape, -lambda, x.dtype), x)), 0, x),
);

export const threshold = define("threshold", (x: GraphNode, options: { threshold: number; value: number }) =>
  o.where(o.lessEqual(x, options.threshold), options.value, x),
);

export const glu = define("glu", (x: GraphNode, { axis = -1 }: { axis?: number } = {}) => {
  const at = normalizeAxis(axis, x.shape.length);
  const n = dim(x.shape, at);
  if (n % 2 !== 0)
    throw axisError({
      problem: `axis ${axis} has odd size ${n}`,
      got: { x },
      need: "an even size",
    });
  return o.mul(o.slice(x, at, 0, n / 2), sigmoid(o.slice(x, at, n / 2, n / 2)));
});
