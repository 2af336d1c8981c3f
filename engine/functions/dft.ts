import { range } from "../core/shape.ts";
import { hostConstant } from "../host-constant.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";

const o = ops;

// Discrete Fourier transforms along the last axis but one of packed tensors, [.., n, 2]: real and imaginary parts side
// by side, so that one contraction transforms both. Real signals are [.., n].

/** -1: forward; 1: inverse, without its 1/n. */
export type Sign = 1 | -1;

/** Lengths up to this one are one product with a matrix. */
const DIRECT = 64;
/** And so are those up to this one that cannot be split: a chirp costs more than the matrix. */
const DIRECT_UNSPLIT = 256;

const isDirect = (n: number): boolean => n <= DIRECT || (n <= DIRECT_UNSPLIT && !splitLength(n));

/** exp(2 pi i m / n), with m an integer: reduced exactly, and exact on the axes. */
function unit(m: number, n: number): [number, number] {
  const k = ((m % n) + n) % n;
  const quarter = (4 * k) / n;
  if (Number.isInteger(quarter)) return [[1, 0, -1, 0][quarter] as number, [0, 1, 0, -1][quarter] as number];
  const angle = (2 * Math.PI * k) / n;
  return [Math.cos(angle), Math.sin(angle)];
}

/** [n, k, 2]: what each real input adds to the real and imaginary part of each output. */
const realMatrix = (n: number, outputs: number, sign: Sign): GraphNode =>
  hostConstant(`dft:real:${sign}:${n}`, [n, outputs, 2], () =>
    range(n).flatMap((t) => range(outputs).flatMap((k) => unit(sign * t * k, n))),
  );

/** [n, 2, k, 2]. */
const complexMatrix = (n: number, sign: Sign): GraphNode =>
  hostConstant(`dft:complex:${sign}:${n}`, [n, 2, n, 2], () =>
    range(n).flatMap((t) => {
      const row = range(n).map((k) => unit(sign * t * k, n));
      return [...row.flat(), ...row.flatMap(([c, s]) => [-s, c])];
    }),
  );

/** [h, 2, n]: the real signal of a half spectrum, by the symmetry of the other half. */
const halfMatrix = (n: number): GraphNode => {
  const half = Math.floor(n / 2) + 1;
  return hostConstant(`dft:half:${n}`, [half, 2, n], () =>
    range(half).flatMap((k) => {
      const twice = k === 0 || 2 * k === n ? 1 : 2;
      const waves = range(n).map((t) => unit(t * k, n));
      return [...waves.map(([c]) => twice * c), ...waves.map(([, s]) => -twice * s)];
    }),
  );
};

const contractLast = (y: GraphNode, matrix: GraphNode, count: number): GraphNode => {
  const rank = y.shape.length;
  return o.dot(y, matrix, {
    batchA: [],
    batchB: [],
    contractA: range(count).map((i) => rank - count + i),
    contractB: range(count),
  });
};

/** Swaps the two axes that end `behind` axes before the last. */
function swapped(y: GraphNode, behind: number): GraphNode {
  const axes = range(y.shape.length);
  const at = axes.length - 2 - behind;
  return o.permute(y, [...axes.slice(0, at), at + 1, at, ...axes.slice(at + 2)]);
}

/** y * c, where `parts` has c.re and `turned` has [-c.im, c.im] beside each other. */
function timesConstant(
  y: GraphNode,
  key: string,
  shape: readonly number[],
  values: () => readonly (readonly [number, number])[],
): GraphNode {
  const re = hostConstant(`${key}:re`, [...shape, 1], () => values().map(([c]) => c));
  const im = hostConstant(`${key}:im`, [...shape, 2], () => values().flatMap(([, s]) => [-s, s]));
  return o.add(o.mul(y, re), o.mul(o.flip(y, y.shape.length - 1), im));
}

/** Divisors a <= b of n for a transform in two steps, or null where one of them would have a large prime factor. */
export function splitLength(n: number): [number, number] | null {
  let rest = n;
  for (let p = 2; p <= DIRECT; p++) while (rest % p === 0) rest /= p;
  if (rest > 1) return null;
  const divisors = range(Math.min(DIRECT, n))
    .map((i) => i + 1)
    .filter((d) => n % d === 0);
  const small = divisors.filter((d) => n / d <= DIRECT);
  // The most even of those that leave a direct transform; else as much as one step can take.
  const a =
    small.length > 0
      ? small.reduce((best, d) => (d + n / d < best + n / best ? d : best))
      : Math.max(...divisors);
  return [a, n / a];
}

/** The transform of [.., n, 2], or of real [.., n], as [.., n, 2]. */
export function dft(y: GraphNode, sign: Sign, real: boolean): GraphNode {
  const n = y.shape[y.shape.length - (real ? 1 : 2)] as number;
  if (isDirect(n))
    return real ? contractLast(y, realMatrix(n, n, sign), 1) : contractLast(y, complexMatrix(n, sign), 2);
  const split = splitLength(n);
  return split ? inTwoSteps(y, sign, real, split) : chirpTransform(y, n, sign, real);
}

/** Cooley and Tukey: position t = t1 b + t2 and frequency k = k1 + a k2. */
function inTwoSteps(y: GraphNode, sign: Sign, real: boolean, [a, b]: readonly [number, number]): GraphNode {
  const n = a * b;
  const lead = y.shape.slice(0, real ? -1 : -2);
  const tail = real ? [] : [2];
  const columns = swapped(o.reshape(y, [...lead, a, b, ...tail]), tail.length);
  const inner = dft(columns, sign, real); // [.., t2, k1, 2]
  const turned = timesConstant(inner, `dft:twiddle:${sign}:${n}:${a}`, [b, a], () =>
    range(b).flatMap((t2) => range(a).map((k1) => unit(sign * t2 * k1, n))),
  );
  const outer = dft(swapped(turned, 1), sign, false); // [.., k1, k2, 2]
  return o.reshape(swapped(outer, 1), [...lead, n, 2]);
}

/** Bluestein: any length, as a circular convolution with a chirp, of a length that is a power of 2. */
function chirpTransform(y: GraphNode, n: number, sign: Sign, real: boolean): GraphNode {
  const m = 2 ** Math.ceil(Math.log2(2 * n - 1));
  // exp(sign pi i t^2 / n): t^2 counts modulo 2n.
  const chirp = (t: number) => unit(sign * ((t * t) % (2 * n)), 2 * n);
  const chirps = () => range(n).map(chirp);
  const key = `dft:chirp:${sign}:${n}`;
  const packed = real
    ? o.concat([o.reshape(y, [...y.shape, 1]), o.full([...y.shape, 1], 0, y.dtype)], y.shape.length)
    : y;
  const axis = packed.shape.length - 2;
  const padded = o.pad(timesConstant(packed, key, [n], chirps), axis, 0, m - n);
  const product = timesConstant(dft(padded, -1, false), `${key}:spectrum`, [m], () =>
    chirpSpectrum(n, m, chirp),
  );
  const convolved = o.slice(dft(product, 1, false), axis, 0, n);
  return timesConstant(convolved, key, [n], chirps);
}

/** The transform of the conjugate chirp, wrapped around, over m. */
function chirpSpectrum(n: number, m: number, chirp: (t: number) => [number, number]): [number, number][] {
  const re = new Float64Array(m);
  const im = new Float64Array(m);
  for (let t = 0; t < n; t++) {
    const [c, s] = chirp(t);
    for (const at of t === 0 ? [0] : [t, m - t]) {
      re[at] = c / m;
      im[at] = -s / m;
    }
  }
  transformOnHost(re, im);
  return range(m).map((i) => [re[i] as number, im[i] as number]);
}

/** Forward transform of a power of 2, in place. */
function transformOnHost(re: Float64Array, im: Float64Array): void {
  const m = re.length;
  for (let i = 1, j = 0; i < m; i++) {
    let bit = m >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
  }
  for (let size = 2; size <= m; size *= 2) {
    for (let k = 0; k < size / 2; k++) {
      const [c, s] = unit(-k, size);
      for (let i = k; i < m; i += size) {
        const j = i + size / 2;
        const [x, y] = [re[j] as number, im[j] as number];
        const [u, v] = [x * c - y * s, x * s + y * c];
        re[j] = (re[i] as number) - u;
        im[j] = (im[i] as number) - v;
        re[i] = (re[i] as number) + u;
        im[i] = (im[i] as number) + v;
      }
    }
  }
}

/** The first n/2 + 1 frequencies of real [.., n]. */
export function realDft(y: GraphNode): GraphNode {
  const axis = y.shape.length - 1;
  const n = y.shape[axis] as number;
  const half = Math.floor(n / 2) + 1;
  if (isDirect(n)) return contractLast(y, realMatrix(n, half, -1), 1);
  return o.slice(dft(y, -1, true), axis, 0, half);
}

/** The real signal [.., n] of a half spectrum [.., n/2 + 1, 2], without the 1/n. */
export function realInverseDft(y: GraphNode, n: number): GraphNode {
  if (isDirect(n)) return contractLast(y, halfMatrix(n), 2);
  const axis = y.shape.length - 2;
  const half = Math.floor(n / 2) + 1;
  const mirrored = o.flip(o.slice(y, axis, 1, n - half), axis);
  const conjugate = o.mul(
    mirrored,
    hostConstant("dft:conjugate", [2], () => [1, -1]),
  );
  const signal = dft(o.concat([y, conjugate], axis), 1, false);
  return o.reshape(o.slice(signal, axis + 1, 0, 1), [...y.shape.slice(0, axis), n]);
}
