import { fft2 } from "./fourier.ts";
import type { Size } from "./geometry.ts";

/** An oriented wavelet: a Morlet at one scale and angle, real in Fourier space. */
export interface Wavelet {
  /** `j`: the wavelength grows with `2^j`. */
  readonly scale: number;
  /** Number of the angle, 0 to L - 1. */
  readonly angle: number;
  /** Fourier values at full resolution, then cropped to a half, a quarter, ...; row-major. */
  readonly levels: readonly Float64Array[];
}

export interface FilterBank {
  /** Size of the grid of level 0; level r has `2^-r` of it on each axis. */
  readonly size: Size;
  /** The low-pass filter, levels as for wavelets. */
  readonly phi: readonly Float64Array[];
  /** Scale by scale, angle fastest. */
  readonly psi: readonly Wavelet[];
}

/** Shape of a Gabor or Morlet function in the plane. */
interface Prototype {
  /** Standard deviation along the wave vector, in pixels. */
  readonly sigma: number;
  /** Direction of the wave vector, from the row axis towards the column axis. */
  readonly theta: number;
  /** Length of the wave vector, in radians per pixel. */
  readonly xi: number;
  /** The envelope is `1 / slant` times as long across the wave vector as along it. */
  readonly slant: number;
}

/** The reference code has this value, and it shows: it is off by more than the rounding of float32. */
// biome-ignore lint/suspicious/noApproximativeNumericConstant: see above
const PI_OF_REFERENCE = 3.1415;
/** Copies of the plane summed on each side to make a function periodic. */
const COPIES = 2;
/** exp(-60) is 1e-26: copies that lie further out add nothing. */
const NEGLIGIBLE = -60;

export const sigmaOf = (scale: number): number => 0.8 * 2 ** scale;
export const frequencyOf = (scale: number): number => (0.75 * Math.PI) / 2 ** scale;
export const slantOf = (angles: number): number => 4 / angles;
export const angleOf = (angle: number, angles: number): number =>
  ((Math.trunc(angles / 2 - 1) - angle) * Math.PI) / angles;
export const amplitude = (sigma: number, slant: number): number => slant / (2 * PI_OF_REFERENCE * sigma ** 2);

/** Standard deviation of the low-pass filter. */
export const lowPassSigma = (scales: number): number => sigmaOf(scales - 1);

/**
 * The Morlet filter bank of a scattering transform, built in float64.
 *
 * @param size Rows and columns of the padded grid; multiples of `2^scales`.
 * @param scales `J`, 1 or more.
 * @param angles `L`, 1 or more.
 * @returns Filters in Fourier space, origin at `[0, 0]`; wavelets peak at about 0.97.
 *
 * Source: models/scattering/filter-bank.ts. Numbers: kymatio's `filter_bank.py`, within float32 rounding.
 */
export function filterBank(size: Size, scales: number, angles: number): FilterBank {
  const slant = slantOf(angles);
  const psi: Wavelet[] = [];
  for (let scale = 0; scale < scales; scale++) {
    for (let angle = 0; angle < angles; angle++) {
      const theta = angleOf(angle, angles);
      const full = spectrum(
        morlet(size, { sigma: sigmaOf(scale), theta, xi: frequencyOf(scale), slant }),
        size,
      );
      psi.push({ scale, angle, levels: crops(full, size, 1 + Math.min(scale, Math.max(scales - 2, 0))) });
    }
  }
  const low = gabor(size, { sigma: lowPassSigma(scales), theta: 0, xi: 0, slant: 1 });
  return { size, phi: crops(spectrum(low, size), size, scales), psi };
}

interface Plane {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** A wave under a Gaussian envelope, made periodic. */
function gabor([rows, columns]: Size, { sigma, theta, xi, slant }: Prototype): Plane {
  const [c, s] = [Math.cos(theta), Math.sin(theta)];
  const twoVariances = 2 * sigma ** 2;
  const rowRow = (c ** 2 + slant ** 2 * s ** 2) / twoVariances;
  const rowColumn = (2 * c * s * (1 - slant ** 2)) / twoVariances;
  const columnColumn = (s ** 2 + slant ** 2 * c ** 2) / twoVariances;
  const scale = amplitude(sigma, slant);
  const plane = { re: new Float64Array(rows * columns), im: new Float64Array(rows * columns) };
  for (let i = -COPIES; i <= COPIES; i++) {
    for (let k = -COPIES; k <= COPIES; k++) {
      for (let u = 0; u < rows; u++) {
        const p = u + i * rows;
        for (let v = 0; v < columns; v++) {
          const q = v + k * columns;
          const exponent = -(rowRow * p * p + rowColumn * p * q + columnColumn * q * q);
          if (exponent < NEGLIGIBLE) continue;
          const envelope = scale * Math.exp(exponent);
          const phase = xi * (c * p + s * q);
          plane.re[u * columns + v]! += envelope * Math.cos(phase);
          plane.im[u * columns + v]! += envelope * Math.sin(phase);
        }
      }
    }
  }
  return plane;
}

/** A Gabor function less so much of its envelope that it sums to zero. */
function morlet(size: Size, prototype: Prototype): Plane {
  const wave = gabor(size, prototype);
  const envelope = gabor(size, { ...prototype, xi: 0 });
  const total = sum(envelope.re);
  const [re, im] = [sum(wave.re) / total, sum(wave.im) / total];
  return {
    re: wave.re.map((value, i) => value - re * (envelope.re[i] as number)),
    im: wave.im.map((value, i) => value - im * (envelope.re[i] as number)),
  };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/** The imaginary part is rounding, or the trace of the finite number of copies, and belongs to no filter. */
const spectrum = (plane: Plane, [rows, columns]: Size): Float64Array => fft2(plane, rows, columns).re;

/** The filter at 1, 1/2, 1/4, ... of the resolution. */
function crops(full: Float64Array, size: Size, levels: number): Float64Array[] {
  return Array.from({ length: levels }, (_, level) => crop(full, size, level));
}

/** Keeps the low frequencies of both signs, which lie at both ends of each axis. */
function crop(full: Float64Array, [rows, columns]: Size, level: number): Float64Array {
  const keptRows = lowFrequencies(rows, level);
  const keptColumns = lowFrequencies(columns, level);
  return Float64Array.from(keptRows.flatMap((u) => keptColumns.map((v) => full[u * columns + v] as number)));
}

/** Indices of the frequencies that a grid of `2^-level` of the resolution has. */
export function lowFrequencies(n: number, level: number): number[] {
  const kept = n / 2 ** level;
  return Array.from({ length: kept }, (_, i) => (i < kept / 2 ? i : n - kept + i));
}
