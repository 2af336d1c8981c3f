import { filterBank } from "./filter-bank.ts";
import { fft2 } from "./fourier.ts";
import type { Size } from "./geometry.ts";

/** An image of 8-bit red, green, blue and alpha, as `ImageData` and canvases take it. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

export interface FilterPicture {
  /** `j` and number of the angle; null for the low-pass filter. */
  readonly scale: number | null;
  readonly angle: number | null;
  /** The real part in space, centre in the middle: red above 0, blue below, white at 0. */
  readonly space: Picture;
  /** The values in Fourier space, frequency 0 in the middle: black at 0 and below, white at the largest of the bank. */
  readonly frequency: Picture;
}

export interface FilterPictures {
  /** Wavelets, scale by scale, then the low-pass filter. */
  readonly filters: readonly FilterPicture[];
  /** How much of each frequency all filters together pass on: white where it is most. */
  readonly coverage: Picture;
}

/**
 * Pictures of the filters of a scattering transform.
 *
 * @param options.J, options.L Scales and angles. Default 8 angles.
 * @param options.size Rows and columns of the pictures; multiples of `2^J`. Default 64 by 64.
 * @throws {RangeError} If there are no scales or angles, or the size does not fit.
 *
 * Source: models/scattering/filter-pictures.ts.
 */
export function filterPictures(options: { J: number; L?: number; size?: Size }): FilterPictures {
  const { J, L = 8, size = [64, 64] } = options;
  if (![J, L].every((n) => Number.isInteger(n) && n > 0)) {
    throw new RangeError(`filterPictures: ${J} scales and ${L} angles; need whole numbers from 1 on`);
  }
  if (!size.every((n) => Number.isInteger(n) && n > 0 && n % 2 ** J === 0)) {
    throw new RangeError(`filterPictures: pictures of [${size}]; need multiples of 2^J = ${2 ** J}`);
  }
  const { phi, psi } = filterBank(size, J, L);
  const low = phi[0] as Float64Array;
  const wavelets = psi.map(({ scale, angle, levels }) => ({
    scale,
    angle,
    values: levels[0] as Float64Array,
  }));
  const brightest = largest(low);
  const picture = (values: Float64Array): Pick<FilterPicture, "space" | "frequency"> => ({
    space: diverging(inSpace(values, size), size),
    frequency: grey(values, size, brightest),
  });
  const filters = [
    ...wavelets.map(({ scale, angle, values }) => ({ scale, angle, ...picture(values) })),
    { scale: null, angle: null, ...picture(low) },
  ];
  // A wavelet answers to one of each pair of opposite frequencies; a real signal has both alike.
  const energy = low.map((value, i) => {
    const mirror = opposite(i, size);
    return wavelets.reduce(
      (sum, { values }) => sum + ((values[i] as number) ** 2 + (values[mirror] as number) ** 2) / 2,
      value ** 2,
    );
  });
  return { filters, coverage: grey(energy, size, largest(energy)) };
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, value), 0);

/** The real part of the inverse transform of real values, up to a factor. */
const inSpace = (values: Float64Array, [rows, columns]: Size): Float64Array =>
  fft2({ re: values, im: new Float64Array(values.length) }, rows, columns).re;

const opposite = (i: number, [rows, columns]: Size): number =>
  ((rows - Math.floor(i / columns)) % rows) * columns + ((columns - (i % columns)) % columns);

type Colour = readonly [red: number, green: number, blue: number];

/** Colours of values whose origin moves from the corner to the middle. */
function centred(values: Float64Array, [rows, columns]: Size, colour: (value: number) => Colour): Picture {
  const data = new Uint8ClampedArray(4 * rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const from = ((y + Math.ceil(rows / 2)) % rows) * columns + ((x + Math.ceil(columns / 2)) % columns);
      data.set([...colour(values[from] as number), 255], 4 * (y * columns + x));
    }
  }
  return { width: columns, height: rows, data };
}

const grey = (values: Float64Array, size: Size, brightest: number): Picture =>
  centred(values, size, (value) => {
    const level = (255 * value) / brightest;
    return [level, level, level];
  });

function diverging(values: Float64Array, size: Size): Picture {
  const most = values.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  return centred(values, size, (value) => {
    const fade = 255 * (1 - Math.abs(value) / most);
    return value >= 0 ? [255, fade, fade] : [fade, fade, 255];
  });
}
