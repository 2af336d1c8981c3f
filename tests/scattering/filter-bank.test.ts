import { describe, expect, test } from "vitest";
import {
  amplitude,
  filterBank,
  frequencyOf,
  lowPassSigma,
  sigmaOf,
} from "../../models/scattering/filter-bank.ts";
import { fft, fft2, inverseFft } from "../../models/scattering/fourier.ts";
import { geometry } from "../../models/scattering/geometry.ts";
import {
  axisSpectrum,
  filterMatrix,
  fourierMatrix,
  inverseFourierMatrix,
} from "../../models/scattering/matrices.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { distance } from "../support/distance.ts";

const wave = (n: number) => ({
  re: Float64Array.from({ length: n }, (_, i) => Math.sin(i * i + 1)),
  im: Float64Array.from({ length: n }, (_, i) => Math.cos(3 * i)),
});

describe("Fourier transforms on the host", () => {
  test.each([1, 2, 3, 13, 40, 272])("of %i points follow the definition and invert", (n) => {
    const x = wave(n);
    const y = fft(x);
    for (const k of [0, 1, n - 1]) {
      let [re, im] = [0, 0];
      for (let u = 0; u < n; u++) {
        const angle = (-2 * Math.PI * u * k) / n;
        re += x.re[u]! * Math.cos(angle) - x.im[u]! * Math.sin(angle);
        im += x.re[u]! * Math.sin(angle) + x.im[u]! * Math.cos(angle);
      }
      expect(y.re[k % n]).toBeCloseTo(re, 9);
      expect(y.im[k % n]).toBeCloseTo(im, 9);
    }
    expect(distance(inverseFft(y).re, x.re)).toBeLessThan(1e-12);
    expect(distance(inverseFft(y).im, x.im)).toBeLessThan(1e-12);
  });

  test("as matrices do the same", () => {
    const n = 12;
    const x = wave(n);
    const y = fft(x);
    const forward = fourierMatrix(n);
    const inverse = inverseFourierMatrix(n);
    for (let row = 0; row < n; row++) {
      let [re, back] = [0, 0];
      for (let k = 0; k < n; k++) {
        re += forward.re.values[row * n + k]! * x.re[k]! - forward.im.values[row * n + k]! * x.im[k]!;
        back += inverse.re.values[row * n + k]! * y.re[k]! - inverse.im.values[row * n + k]! * y.im[k]!;
      }
      expect(re).toBeCloseTo(y.re[row]!, 12);
      expect(back).toBeCloseTo(x.re[row]!, 12);
    }
  });
});

describe("padding", () => {
  test.each([
    [28, 2, 36, 7],
    [32, 2, 40, 8],
    [32, 3, 48, 4],
    [96, 2, 104, 24],
    [224, 3, 240, 28],
    [5, 2, 12, 1],
    [7, 2, 12, 1],
    [8, 3, 24, 1],
  ])("of %i at J = %i gives %i and %i outputs", (size, scales, padded, output) => {
    const got = geometry([size, size], scales);
    expect(got.padded).toEqual([padded, padded]);
    expect(got.output).toEqual([output, output]);
  });

  test("reflects without repeating the edge, also by the whole image", () => {
    expect(geometry([4, 4], 2).sources?.[0]).toEqual([2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
    expect(geometry([5, 5], 2).sources?.[0]).toEqual([3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0]);
  });

  test("is left out where the caller has padded", () => {
    const got = geometry([24, 16], 2, true);
    expect(got.input).toEqual([32, 24]);
    expect(got.padded).toEqual([32, 24]);
    expect(got.output).toEqual([6, 4]);
    expect(got.sources).toBeNull();
  });
});

test("wavelets sum to zero and are real in Fourier space; the low-pass keeps constants", () => {
  const bank = filterBank([24, 24], 2, 6);
  for (const { levels } of bank.psi) expect(levels[0]![0]).toBeCloseTo(0, 12);
  expect(bank.phi[0]![0]).toBeCloseTo(1.0000295, 7);
  expect(bank.psi.map(({ scale, angle }) => [scale, angle]).slice(5, 7)).toEqual([
    [0, 5],
    [1, 0],
  ]);
});

test("a round envelope makes each filter a sum of products of one filter for each axis", () => {
  const [n, scales] = [24, 2];
  const bank = filterBank([n, n], scales, 4);
  for (let scale = 0; scale < scales; scale++) {
    const axis = (frequency: number) => axisSpectrum(n, sigmaOf(scale), frequency, 0);
    const [still, diagonal] = [axis(0), axis(frequencyOf(scale) / Math.SQRT2)];
    const share = (diagonal[0]! / still[0]!) ** 2;
    const product = Float64Array.from({ length: n * n }, (_, i) => {
      const [u, v] = [Math.floor(i / n), i % n];
      return amplitude(sigmaOf(scale), 1) * (diagonal[u]! * diagonal[v]! - share * still[u]! * still[v]!);
    });
    expect(distance(product, bank.psi[4 * scale]!.levels[0]!)).toBeLessThan(1e-12);
  }
  const low = axisSpectrum(n, lowPassSigma(scales), 0, 1);
  const product = Float64Array.from(
    { length: (n / 2) ** 2 },
    (_, i) => amplitude(lowPassSigma(scales), 1) * low[Math.floor(i / 12)]! * low[i % 12]!,
  );
  expect(distance(product, bank.phi[1]!)).toBeLessThan(1e-12);
});

test("a filter matrix convolves and subsamples", () => {
  const spectrum = axisSpectrum(16, 0.8, 1, 0);
  const { re, im } = filterMatrix(spectrum, 2);
  expect([re.rows, re.columns]).toEqual([8, 16]);
  const x = wave(16);
  const X = fft({ re: x.re, im: new Float64Array(16) });
  const filtered = inverseFft({
    re: X.re.map((value, k) => value * spectrum[k]!),
    im: X.im.map((value, k) => value * spectrum[k]!),
  });
  const times = (values: Float64Array) =>
    Float64Array.from({ length: 8 }, (_, row) =>
      x.re.reduce((total, value, k) => total + value * values[row * 16 + k]!, 0),
    );
  const everySecond = (values: Float64Array) => values.filter((_, i) => i % 2 === 0);
  expect(distance(times(re.values), everySecond(filtered.re))).toBeLessThan(1e-12);
  expect(distance(times(im.values), everySecond(filtered.im))).toBeLessThan(1e-12);
});

test("both transforms of a plane agree with its axes", () => {
  const [rows, columns] = [6, 10];
  const [a, b] = [wave(rows), wave(columns)];
  const plane = { re: new Float64Array(60), im: new Float64Array(60) };
  for (let i = 0; i < 60; i++) plane.re[i] = a.re[Math.floor(i / columns)]! * b.re[i % columns]!;
  const [fa, fb] = [fft({ re: a.re, im: a.im.fill(0) }), fft({ re: b.re, im: b.im.fill(0) })];
  const expected = Float64Array.from({ length: 60 }, (_, i) => {
    const [u, v] = [Math.floor(i / columns), i % columns];
    return fa.re[u]! * fb.re[v]! - fa.im[u]! * fb.im[v]!;
  });
  expect(distance(fft2(plane, rows, columns).re, expected)).toBeLessThan(1e-12);
});

describe("filters of the reference", () => {
  for (const name of ["J1_L16_16x16", "J2_L6_20x36", "J2_L8_32x32", "J3_L4_32x32", "J3_L4_8x8"]) {
    goldenTest(`scattering/filters_${name}`, name, async (golden) => {
      const [, , scales = 0, angles = 0, rows = 0, columns = 0] = golden.values("config");
      const bank = filterBank([rows, columns], scales, angles);
      expect(Array.from(golden.values("psi_j"))).toEqual(bank.psi.map(({ scale }) => scale));
      expect(Array.from(golden.values("psi_theta"))).toEqual(bank.psi.map(({ angle }) => angle));
      let compared = 0;
      for (const tensor of golden.names) {
        const level = Number(/_res(\d+)$/.exec(tensor)?.[1]);
        if (tensor.startsWith("phi_res")) {
          expect(distance(bank.phi[level]!, golden.values(tensor))).toBeLessThan(1e-6);
          compared++;
        } else if (/^psi_res\d+$/.test(tensor)) {
          const filters = Array.from(golden.values(`${tensor}_n`), (n) => bank.psi[n]!.levels[level]!);
          const stacked = Float64Array.from(filters.flatMap((filter) => Array.from(filter)));
          expect(distance(stacked, golden.values(tensor))).toBeLessThan(1e-6);
          compared += filters.length;
        }
      }
      const levels = bank.psi.reduce((total, { levels }) => total + levels.length, bank.phi.length);
      expect(compared).toBe(levels);
    });
  }
});
