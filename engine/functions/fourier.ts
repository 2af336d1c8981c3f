import { isFloat } from "../core/dtype.ts";
import { axisError, dtypeError, shapeError } from "../core/errors.ts";
import { dim, normalizeAxes, normalizeAxis, range, shapesEqual } from "../core/shape.ts";
import { GraphNode } from "../ir/node.ts";
import { castTo, ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { dft, realDft, realInverseDft, type Sign } from "./dft.ts";
import { roll } from "./shape.ts";

const o = ops;

/** Complex numbers as two tensors of one shape. */
export interface Complex {
  re: GraphNode;
  im: GraphNode;
}

export type FourierNorm = "backward" | "ortho" | "forward";

export interface FourierOptions {
  /** Length of the signal; by default that of the axis, which is cut or filled up with zeros to it. */
  n?: number;
  axis?: number;
  norm?: FourierNorm;
}

export interface Fourier2Options {
  /** Lengths of the signal along the two axes. */
  size?: readonly [number, number];
  axes?: readonly [number, number];
  norm?: FourierNorm;
}

/** A signal on its way: real [..], or packed with the two parts as a last axis. */
interface Signal {
  readonly values: GraphNode;
  readonly real: boolean;
}

const isComplex = (x: GraphNode | Complex): x is Complex => !(x instanceof GraphNode);

function signalOf(x: GraphNode | Complex): Signal {
  const parts: Record<string, GraphNode> = isComplex(x) ? { re: x.re, im: x.im } : { x };
  for (const [name, part] of Object.entries(parts)) {
    if (!isFloat(part.dtype))
      throw dtypeError({
        problem: "needs floats",
        got: { [name]: part },
        hint: `${name}.cast("f32")`,
      });
  }
  // The tables are f32.
  if (!isComplex(x)) return { values: castTo(x, "f32"), real: true };
  if (!shapesEqual(x.re.shape, x.im.shape))
    throw shapeError({ problem: "real and imaginary part differ", got: { re: x.re, im: x.im } });
  const packed = [x.re, x.im].map((part) => o.reshape(castTo(part, "f32"), [...part.shape, 1]));
  return { values: o.concat(packed, x.re.shape.length), real: false };
}

const rankOf = ({ values, real }: Signal): number => values.shape.length - (real ? 0 : 1);

function unpacked(packed: GraphNode): Complex {
  const last = packed.shape.length - 1;
  const part = (i: number) => o.reshape(o.slice(packed, last, i, 1), packed.shape.slice(0, -1));
  return { re: part(0), im: part(1) };
}

/** Cuts an axis to n, or fills it up with zeros. */
function fitted(x: GraphNode, axis: number, n: number): GraphNode {
  const size = dim(x.shape, axis);
  return size >= n ? o.slice(x, axis, 0, n) : o.pad(x, axis, 0, n - size);
}

function checkLength(n: number): void {
  if (Number.isInteger(n) && n >= 1) return;
  throw axisError({ problem: `a signal of length ${n}`, need: "a length of at least 1" });
}

/** Runs `f` with an axis as the last one of the signal. */
function alongLast(x: GraphNode, axis: number, rank: number, f: (y: GraphNode) => GraphNode): GraphNode {
  const rest = range(rank).filter((i) => i !== axis);
  const packedAxis = (y: GraphNode) => (y.shape.length > rank ? [rank] : []);
  const y = f(o.permute(x, [...rest, axis, ...packedAxis(x)]));
  const order = [...rest, axis];
  return o.permute(y, [...range(rank).map((i) => order.indexOf(i)), ...packedAxis(y)]);
}

/** Of a transform over n elements. */
function scaleOf(norm: FourierNorm | undefined, n: number, sign: Sign): number {
  switch (norm ?? "backward") {
    case "ortho":
      return 1 / Math.sqrt(n);
    case "backward":
      return sign === 1 ? 1 / n : 1;
    case "forward":
      return sign === 1 ? 1 : 1 / n;
    default:
      throw axisError({
        problem: `"${String(norm)}" is no norm`,
        need: '"backward", "ortho" or "forward"',
      });
  }
}

const scaled = (x: GraphNode, factor: number): GraphNode => (factor === 1 ? x : o.mul(x, factor));

function transform(x: Signal, options: FourierOptions, sign: Sign): Signal {
  const rank = rankOf(x);
  const axis = normalizeAxis(options.axis ?? -1, rank);
  const n = options.n ?? dim(x.values.shape, axis);
  checkLength(n);
  const y = alongLast(fitted(x.values, axis, n), axis, rank, (z) => dft(z, sign, x.real));
  return { values: scaled(y, scaleOf(options.norm, n, sign)), real: false };
}

function halfTransform(x: GraphNode, options: FourierOptions): Signal {
  const signal = signalOf(x);
  const rank = rankOf(signal);
  const axis = normalizeAxis(options.axis ?? -1, rank);
  const n = options.n ?? dim(x.shape, axis);
  checkLength(n);
  const y = alongLast(fitted(signal.values, axis, n), axis, rank, realDft);
  return { values: scaled(y, scaleOf(options.norm, n, -1)), real: false };
}

function halfInverse(x: Signal, options: FourierOptions): GraphNode {
  const rank = rankOf(x);
  const axis = normalizeAxis(options.axis ?? -1, rank);
  const n = options.n ?? 2 * (dim(x.values.shape, axis) - 1);
  checkLength(n);
  const half = fitted(x.values, axis, Math.floor(n / 2) + 1);
  const y = alongLast(half, axis, rank, (z) => realInverseDft(z, n));
  return scaled(y, scaleOf(options.norm, n, 1));
}

/** A real spectrum, such as that of an even signal, has imaginary part 0. */
function asComplex(x: GraphNode | Complex): Complex {
  return isComplex(x) ? x : { re: x, im: o.zerosLike(x) };
}

export const fft = define(
  "fft",
  (x: GraphNode | Complex, options: FourierOptions = {}): Complex =>
    unpacked(transform(signalOf(x), options, -1).values),
);

export const ifft = define(
  "ifft",
  (x: GraphNode | Complex, options: FourierOptions = {}): Complex =>
    unpacked(transform(signalOf(x), options, 1).values),
);

export const rfft = define(
  "rfft",
  (x: GraphNode, options: FourierOptions = {}): Complex => unpacked(halfTransform(x, options).values),
);

export const irfft = define(
  "irfft",
  (x: GraphNode | Complex, options: FourierOptions = {}): GraphNode =>
    halfInverse(signalOf(asComplex(x)), options),
);

function axesOf(rank: number, options: Fourier2Options): [number, number] {
  const axes = (options.axes ?? [-2, -1]).map((a) => normalizeAxis(a, rank));
  normalizeAxes(axes, rank);
  return axes as [number, number];
}

/** The options of one of the two axes. */
const part = (options: Fourier2Options, axes: readonly [number, number], i: 0 | 1): FourierOptions => ({
  axis: axes[i],
  ...(options.size ? { n: options.size[i] } : {}),
  ...(options.norm ? { norm: options.norm } : {}),
});

function transform2(x: GraphNode | Complex, options: Fourier2Options, sign: Sign): Complex {
  const signal = signalOf(x);
  const axes = axesOf(rankOf(signal), options);
  const rows = transform(signal, part(options, axes, 1), sign);
  return unpacked(transform(rows, part(options, axes, 0), sign).values);
}

export const fft2 = define(
  "fft2",
  (x: GraphNode | Complex, options: Fourier2Options = {}): Complex => transform2(x, options, -1),
);

export const ifft2 = define(
  "ifft2",
  (x: GraphNode | Complex, options: Fourier2Options = {}): Complex => transform2(x, options, 1),
);

export const rfft2 = define("rfft2", (x: GraphNode, options: Fourier2Options = {}): Complex => {
  const axes = axesOf(x.shape.length, options);
  const rows = halfTransform(x, part(options, axes, 1));
  return unpacked(transform(rows, part(options, axes, 0), -1).values);
});

export const irfft2 = define("irfft2", (x: GraphNode | Complex, options: Fourier2Options = {}): GraphNode => {
  const signal = signalOf(asComplex(x));
  const axes = axesOf(rankOf(signal), options);
  const columns = transform(signal, part(options, axes, 0), 1);
  return halfInverse(columns, part(options, axes, 1));
});

/** Frequencies 0, 1, .. and then the negative ones, over the length of the signal. */
export const fftFreq = define(
  "fftFreq",
  (n: number, { spacing = 1 }: { spacing?: number } = {}): GraphNode => {
    checkLength(n);
    const i = o.iota([n], 0);
    return o.div(o.cast(o.where(o.less(i, Math.ceil(n / 2)), i, o.add(i, -n)), "f32"), n * spacing);
  },
);

export const rfftFreq = define(
  "rfftFreq",
  (n: number, { spacing = 1 }: { spacing?: number } = {}): GraphNode => {
    checkLength(n);
    return o.div(o.cast(o.iota([Math.floor(n / 2) + 1], 0), "f32"), n * spacing);
  },
);

export interface ShiftOptions {
  /** By default all. */
  axes?: number | readonly number[];
}

function shifted(x: GraphNode, options: ShiftOptions, by: (n: number) => number): GraphNode {
  const axes = normalizeAxes(options.axes, x.shape.length);
  return axes.reduce((y, axis) => roll(y, by(dim(y.shape, axis)), { axis }), x);
}

export const fftShift = define(
  "fftShift",
  (x: GraphNode, options: ShiftOptions = {}): GraphNode => shifted(x, options, (n) => Math.floor(n / 2)),
);

export const ifftShift = define(
  "ifftShift",
  (x: GraphNode, options: ShiftOptions = {}): GraphNode => shifted(x, options, (n) => -Math.floor(n / 2)),
);
