/** What a result pixel takes of a pixel at some distance, in pixels of the smaller picture. */
export interface Filter {
  /** Beyond this distance there is nothing. */
  readonly support: number;
  weight(distance: number): number;
}

export type FilterName = "bilinear" | "bicubic" | "lanczos";

/** Of Keys' cubic; Pillow's choice. */
const CUBIC = -0.5;

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The filters of Pillow. */
export const filters: Readonly<Record<FilterName, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x < 1) return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * CUBIC : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Which pixels of an axis make a result pixel, and how much of each. */
export interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * The taps of each result pixel, as Pillow places them: centres of pixels lie at halves, and the filter is widened when
 * it shrinks.
 *
 * @param start, extent The part of the axis that is shown; it may begin and end between pixels. Default: all.
 */
export function axisTaps(
  filter: FilterName,
  inputs: number,
  outputs: number,
  start = 0,
  extent = inputs,
): Taps[] {
  const { support, weight } = filters[filter];
  const scale = extent / outputs;
  const widened = Math.max(scale, 1);
  const reach = support * widened;
  return Array.from({ length: outputs }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(inputs, Math.trunc(centre + reach + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, k) =>
      weight((first + k - centre + 0.5) / widened),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => w / sum) };
  });
}

/** The taps of a whole axis as a matrix `[outputs, inputs]`. */
export function axisMatrix(filter: FilterName, inputs: number, outputs: number): Float32Array {
  const matrix = new Float32Array(outputs * inputs);
  axisTaps(filter, inputs, outputs).forEach(({ first, weights }, row) => {
    matrix.set(weights, row * inputs + first);
  });
  return matrix;
}
