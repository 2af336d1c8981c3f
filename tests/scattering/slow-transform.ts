// The definition of the transform in float64 on the host: Fourier transforms, products, folds, moduli. Slow and plain.
import { type FilterBank, filterBank } from "../../models/scattering/filter-bank.ts";
import { type Complex, fft2 } from "../../models/scattering/fourier.ts";
import { type Geometry, geometry, type Size } from "../../models/scattering/geometry.ts";

export interface Plane {
  readonly size: Size;
  readonly values: Float64Array;
}

/** Coefficients of one image, `[K, m, n]`. */
export function slowScattering(
  image: Float64Array,
  { J, L, shape, maxOrder }: { J: number; L: number; shape: Size; maxOrder: 1 | 2 },
): number[] {
  const place = geometry(shape, J);
  const bank = filterBank(place.padded, J, L);
  const first: number[] = [];
  const second: number[] = [];
  const h0 = spectrum(padded(image, place));
  const s0 = average(h0, 0, bank, J);
  for (const { scale: j1, levels } of bank.psi) {
    const h1 = spectrum(modulus(filtered(h0, levels[0] as Float64Array, 2 ** j1)));
    first.push(...average(h1, j1, bank, J));
    if (maxOrder === 1) continue;
    for (const { scale: j2, levels } of bank.psi) {
      if (j2 <= j1) continue;
      const u2 = modulus(filtered(h1, levels[j1] as Float64Array, 2 ** (j2 - j1)));
      second.push(...average(spectrum(u2), j2, bank, J));
    }
  }
  return [...s0, ...first, ...second];
}

export interface Spectrum extends Complex {
  readonly size: Size;
}

export function padded(image: Float64Array, { padded, sources, input }: Geometry): Plane {
  const [rows, columns] = sources as NonNullable<Geometry["sources"]>;
  const values = rows.flatMap((i) => columns.map((k) => image[i * input[1] + k] as number));
  return { size: padded, values: Float64Array.from(values) };
}

export const spectrum = ({ size, values }: Plane): Spectrum => ({
  size,
  ...fft2({ re: values, im: new Float64Array(values.length) }, size[0], size[1]),
});

/** The inverse transform of a product, subsampled: what is `size / step` apart in frequency falls together. */
export function filtered({ size, re, im }: Spectrum, filter: Float64Array, step: number): Spectrum {
  const [rows, columns] = [size[0] / step, size[1] / step];
  const folded = { re: new Float64Array(rows * columns), im: new Float64Array(rows * columns) };
  filter.forEach((value, i) => {
    const at = (Math.floor(i / size[1]) % rows) * columns + ((i % size[1]) % columns);
    folded.re[at]! += ((re[i] as number) * value) / step ** 2;
    folded.im[at]! += ((im[i] as number) * value) / step ** 2;
  });
  // Exchanging the parts on the way in and out makes the forward transform the inverse one.
  const back = fft2({ re: folded.im, im: folded.re }, rows, columns);
  const scale = (x: Float64Array) => x.map((value) => value / (rows * columns));
  return { size: [rows, columns], re: scale(back.im), im: scale(back.re) };
}

export const modulus = ({ size, re, im }: Spectrum): Plane => ({
  size,
  values: re.map((x, i) => Math.hypot(x, im[i] as number)),
});

/** The smoothed map with the border that is then dropped. */
export const smoothed = (h: Spectrum, level: number, bank: FilterBank, J: number): Spectrum =>
  filtered(h, bank.phi[level] as Float64Array, 2 ** (J - level));

function average(h: Spectrum, level: number, bank: FilterBank, J: number): number[] {
  const { size, re } = smoothed(h, level, bank, J);
  const inner = (i: number, n: number) => i > 0 && i < n - 1;
  return Array.from(re).filter(
    (_, i) => inner(Math.floor(i / size[1]), size[0]) && inner(i % size[1], size[1]),
  );
}
