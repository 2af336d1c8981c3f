import { normal, type Tensor, uniform, where } from "../../mod.ts";

type Shape = readonly number[];

/** Inputs and outputs that one weight connects, counted as PyTorch does: `[out, in, ...kernel]`. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [outputs, inputs] = shape;
  if (outputs === undefined || inputs === undefined) {
    throw new RangeError(`fans: a weight of shape [${shape}] connects nothing; need [out, in, ...kernel]`);
  }
  const field = shape.slice(2).reduce((a, b) => a * b, 1);
  return { fanIn: inputs * field, fanOut: outputs * field };
}

/** What a nonlinearity does to the standard deviation, undone. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

const gain = (nonlinearity: Nonlinearity, slope: number): number =>
  ({
    linear: 1,
    sigmoid: 1,
    tanh: 5 / 3,
    relu: Math.SQRT2,
    leakyRelu: Math.sqrt(2 / (1 + slope ** 2)),
    selu: 3 / 4,
  })[nonlinearity];

export interface KaimingOptions {
  /** Which side keeps its variance. Default "fanIn". */
  mode?: "fanIn" | "fanOut";
  /** Default "leakyRelu". */
  nonlinearity?: Nonlinearity;
  /** Slope of the leaky ReLU. Default 0, a ReLU. */
  slope?: number;
}

function kaimingStd(shape: Shape, options: KaimingOptions): number {
  const { mode = "fanIn", nonlinearity = "leakyRelu", slope = 0 } = options;
  return gain(nonlinearity, slope) / Math.sqrt(Math.max(1, fans(shape)[mode]));
}

/** Uniform with the variance that keeps activations from growing or fading. Paper: He et al. 2015. */
export const kaimingUniform = (key: Tensor, shape: Shape, options: KaimingOptions = {}): Tensor =>
  symmetricUniform(key, shape, Math.sqrt(3) * kaimingStd(shape, options));

/** Normal with the variance that keeps activations from growing or fading. Paper: He et al. 2015. */
export const kaimingNormal = (key: Tensor, shape: Shape, options: KaimingOptions = {}): Tensor =>
  scaledNormal(key, shape, kaimingStd(shape, options));

function xavierStd(shape: Shape, gainFactor: number): number {
  const { fanIn, fanOut } = fans(shape);
  return gainFactor * Math.sqrt(2 / Math.max(1, fanIn + fanOut));
}

/** Uniform, between the needs of both passes. Paper: Glorot and Bengio 2010. */
export const xavierUniform = (key: Tensor, shape: Shape, options: { gain?: number } = {}): Tensor =>
  symmetricUniform(key, shape, Math.sqrt(3) * xavierStd(shape, options.gain ?? 1));

/** Normal, between the needs of both passes. Paper: Glorot and Bengio 2010. */
export const xavierNormal = (key: Tensor, shape: Shape, options: { gain?: number } = {}): Tensor =>
  scaledNormal(key, shape, xavierStd(shape, options.gain ?? 1));

/** What PyTorch's layers start from: uniform within 1 / sqrt(fan in), weights and biases alike. */
export const torchDefault = (key: Tensor, shape: Shape, fanIn: number): Tensor =>
  symmetricUniform(key, shape, 1 / Math.sqrt(Math.max(1, fanIn)));

/** Normal with mean 0. */
export const scaledNormal = (key: Tensor, shape: Shape, std: number): Tensor => normal(key, shape, { std });

/** Uniform in -bound..bound. */
export const symmetricUniform = (key: Tensor, shape: Shape, bound: number): Tensor =>
  uniform(key, shape, { min: -bound, max: bound });

export interface TruncNormalOptions {
  mean?: number;
  std?: number;
  /** Bounds of the values. Default: two standard deviations from the mean. PyTorch's own default is -2 and 2. */
  low?: number;
  high?: number;
}

/** Normal within bounds: what falls outside is not moved there but never drawn. */
export function truncNormal(key: Tensor, shape: Shape, options: TruncNormalOptions = {}): Tensor {
  const { mean = 0, std = 1 } = options;
  const { low = mean - 2 * std, high = mean + 2 * std } = options;
  if (!(std > 0) || !(low < high)) {
    throw new RangeError(`truncNormal: no values for std ${std} between ${low} and ${high}`);
  }
  // Draw where the distribution function lies and take its inverse. Held off 0 and 1, whose inverses are infinite.
  const below = (x: number): number => 2 * distribution((x - mean) / std) - 1;
  const from = Math.max(below(low), -EDGE);
  const to = Math.min(below(high), EDGE);
  const y = uniform(key, shape, { min: from, max: to });
  return erfInverse(y)
    .mul(std * Math.SQRT2)
    .add(mean)
    .clip({ min: low, max: high });
}

const EDGE = 1 - 2 ** -24;

/** Distribution function of the standard normal, to about 1e-7: enough to place bounds. */
function distribution(x: number): number {
  // Abramowitz and Stegun 7.1.26 is good to 1.5e-7; erf(x / sqrt 2) is what it gives.
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - series * Math.exp(-z * z);
  return 0.5 * (1 + Math.sign(x) * erf);
}

/** Inverse of the error function, to about 4e-7 relative. Paper: Giles 2010, "Approximating the erfinv function". */
function erfInverse(x: Tensor): Tensor {
  // Not 1 - x * x, which has no digits left where x is near 1.
  const w = x.neg().add(1).mul(x.add(1)).log().neg();
  const polynomial = (at: Tensor, coefficients: readonly number[]): Tensor => {
    let sum = at.mul(coefficients[0] as number).add(coefficients[1] as number);
    for (const c of coefficients.slice(2)) sum = sum.mul(at).add(c);
    return sum;
  };
  const centre = polynomial(w.sub(2.5), CENTRE);
  const tail = polynomial(w.sqrt().sub(3), TAIL);
  return where(w.less(5), centre, tail).mul(x);
}

const CENTRE = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
];
const TAIL = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
];
