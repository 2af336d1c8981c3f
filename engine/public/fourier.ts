import * as functions from "../functions/fourier.ts";
import { type Lifted, lift } from "../lift.ts";

/** Complex numbers: real and imaginary parts as two tensors of one shape. */
export type Complex = Lifted<functions.Complex>;
export type { Fourier2Options, FourierNorm, FourierOptions } from "../functions/fourier.ts";

// Source: engine/functions/fourier.ts and dft.ts.

/**
 * Discrete Fourier transform: `X[k] = sum_t x[t] exp(-2 pi i t k / n)`, for any n.
 *
 * @param x A real tensor, or `{ re, im }`.
 * @param options.n Length of the signal; the axis is cut or filled up with zeros to it. By default as it is.
 * @param options.axis Default -1.
 * @param options.norm Where the factor 1/n goes: `"backward"` (into the inverse, the default), `"forward"`, or `"ortho"` (a root
 *   of it into both).
 * @returns `{ re, im }`, f32.
 * @throws {AxisError} If there is no such axis, or n is below 1.
 *
 * Accuracy: about 1e-6 of the largest value. Lengths up to 64 are one product with a matrix, others a few of them; lengths
 * with a prime factor above 64 cost several times as much.
 * Gradient: reaches both parts.
 *
 * @example
 *   const { re, im } = fft(tensor([1, 0, 0, 0])); // 1, 1, 1, 1 and 0, 0, 0, 0
 */
export const fft = lift(functions.fft);

/** The inverse of `fft`: `x[t] = 1/n sum_k X[k] exp(2 pi i t k / n)`. */
export const ifft = lift(functions.ifft);

/** The first n/2 + 1 frequencies of a real signal; the others are their conjugates. Options as in `fft`. */
export const rfft = lift(functions.rfft);

/**
 * The real signal of a half spectrum: the inverse of `rfft`. Imaginary parts that a real signal cannot have do not count.
 *
 * @param options.n Length of the signal; by default twice the size of the axis, less 2. Odd lengths must be given.
 */
export const irfft = lift(functions.irfft);

/**
 * `fft` along two axes.
 *
 * @param options.axes Default `[-2, -1]`.
 * @param options.size Lengths of the signal along them; by default as they are.
 * @param options.norm As in `fft`.
 */
export const fft2 = lift(functions.fft2);

/** The inverse of `fft2`. */
export const ifft2 = lift(functions.ifft2);

/** `rfft` along the second of two axes, then `fft` along the first. Options as in `fft2`. */
export const rfft2 = lift(functions.rfft2);

/** The inverse of `rfft2`. Odd lengths must be given in `options.size`. */
export const irfft2 = lift(functions.irfft2);

/**
 * The frequency of each place of `fft`: 0, 1, .. and then the negative ones, divided by n times `options.spacing` (1).
 */
export const fftFreq = lift(functions.fftFreq);

/** The frequency of each place of `rfft`. */
export const rfftFreq = lift(functions.rfftFreq);

/** Moves frequency 0 to the middle of axes, by default of all. */
export const fftShift = lift(functions.fftShift);

/** Moves it back. */
export const ifftShift = lift(functions.ifftShift);
