import { expect } from "vitest";
import { filterBank, type Wavelet } from "../../models/scattering/filter-bank.ts";
import { geometry } from "../../models/scattering/geometry.ts";
import { relativeDistance } from "../golden/closeness.ts";
import { goldenTest } from "../golden/golden-file.ts";
import { filtered, modulus, padded, type Spectrum, smoothed, spectrum } from "./slow-transform.ts";

// What the other tests are held against, step by step: padding, spectra, wavelets, moduli, averages with their border.
goldenTest("scattering/stages_J3_L4_24x32", "the definition, step by step", async (golden) => {
  const [rows = 0, columns = 0, J = 0, L = 0] = golden.values("config");
  const place = geometry([rows, columns], J);
  const bank = filterBank(place.padded, J, L);
  const found = new Map<string, ArrayLike<number>>();
  const average = (name: string, h: Spectrum, level: number) =>
    found.set(`${name}_before_unpad`, smoothed(h, level, bank, J).re);
  const u0 = padded(golden.values("input"), place);
  const h0 = spectrum(u0);
  found.set("padded", u0.values);
  found.set("U0_hat_re", h0.re);
  found.set("U0_hat_im", h0.im);
  average("S0", h0, 0);
  bank.psi.forEach(({ scale: j1, levels }, n1) => {
    const z1 = filtered(h0, levels[0] as Float64Array, 2 ** j1);
    const u1 = modulus(z1);
    const h1 = spectrum(u1);
    found.set(`z1_n${n1}_re`, z1.re);
    found.set(`z1_n${n1}_im`, z1.im);
    found.set(`U1_n${n1}`, u1.values);
    average(`S1_n${n1}`, h1, j1);
    bank.psi.forEach(({ scale: j2, levels }: Wavelet, n2) => {
      if (j2 <= j1) return;
      const u2 = modulus(filtered(h1, levels[j1] as Float64Array, 2 ** (j2 - j1)));
      found.set(`U2_n${n1}_n${n2}`, u2.values);
      average(`S2_n${n1}_n${n2}`, spectrum(u2), j2);
    });
  });
  const names = golden.names.filter((name) => name !== "input" && name !== "config");
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    const got = found.get(name);
    if (!got) throw new Error(`nothing for ${name}`);
    expect(relativeDistance(got, golden.values(name)), name).toBeLessThan(2e-6);
  }
});
