// Matrices of one axis: filters, Fourier transforms and padding are all linear, so each is a matrix on the host,
// and what follows each other is multiplied together there.
import { lowFrequencies } from "./filter-bank.ts";
import { type Complex, complex, fft, fromReal, inverseFft } from "./fourier.ts";

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

export interface ComplexMatrix {
  readonly re: Matrix;
  readonly im: Matrix;
}

const COPIES = 2;

const matrix = (rows: number, columns: number, at: (row: number, column: number) => number): Matrix => ({
  rows,
  columns,
  values: Float64Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns)),
});

/**
 * One axis of a Gaussian envelope times a wave, periodic with period `n`, in Fourier space and cropped to `level`.
 * Plane functions with a round envelope are products of two of these.
 */
export function axisSpectrum(n: number, sigma: number, frequency: number, level: number): Float64Array {
  const line = complex(n);
  for (let copy = -COPIES; copy <= COPIES; copy++) {
    for (let u = 0; u < n; u++) {
      const p = u + copy * n;
      const envelope = Math.exp(-(p * p) / (2 * sigma ** 2));
      line.re[u]! += envelope * Math.cos(frequency * p);
      line.im[u]! += envelope * Math.sin(frequency * p);
    }
  }
  const { re } = fft(line);
  return Float64Array.from(lowFrequencies(n, level), (k) => re[k] as number);
}

/** Circular convolution with a filter given in Fourier space, of which every `step`-th sample is kept. */
export function filterMatrix(spectrum: Float64Array, step: number): ComplexMatrix {
  const n = spectrum.length;
  const kernel = inverseFft(fromReal(spectrum));
  const at = (part: Float64Array) => (row: number, column: number) =>
    part[(row * step - column + n) % n] as number;
  return {
    re: matrix(n / step, n, at(kernel.re)),
    im: matrix(n / step, n, at(kernel.im)),
  };
}

/** The forward transform of `n` points, without scaling; symmetric. */
export const fourierMatrix = (n: number): ComplexMatrix => fourier(n, -1, 1);

/** The inverse transform, with the factor `1 / n`. */
export const inverseFourierMatrix = (n: number): ComplexMatrix => fourier(n, 1, 1 / n);

function fourier(n: number, sign: number, scale: number): ComplexMatrix {
  const roots: Complex = complex(n);
  for (let k = 0; k < n; k++) {
    roots.re[k] = scale * Math.cos((2 * Math.PI * k) / n);
    roots.im[k] = scale * sign * Math.sin((2 * Math.PI * k) / n);
  }
  const at = (part: Float64Array) => (row: number, column: number) => part[(row * column) % n] as number;
  return { re: matrix(n, n, at(roots.re)), im: matrix(n, n, at(roots.im)) };
}

/** The matrix that first spreads `size` values to where `sources` shows them. */
export function afterPadding(m: Matrix, sources: readonly number[], size: number): Matrix {
  const values = new Float64Array(m.rows * size);
  for (let row = 0; row < m.rows; row++) {
    sources.forEach((source, column) => {
      values[row * size + source]! += m.values[row * m.columns + column] as number;
    });
  }
  return { rows: m.rows, columns: size, values };
}

export const scaled = (m: Matrix, factor: number): Matrix => ({
  ...m,
  values: m.values.map((value) => value * factor),
});

/** `a + factor * b`. */
export const combined = (a: Matrix, b: Matrix, factor: number): Matrix => ({
  ...a,
  values: a.values.map((value, i) => value + factor * (b.values[i] as number)),
});

/** Without the first and the last row. */
export const withoutBorder = (m: Matrix): Matrix => ({
  rows: m.rows - 2,
  columns: m.columns,
  values: m.values.slice(m.columns, m.values.length - m.columns),
});
