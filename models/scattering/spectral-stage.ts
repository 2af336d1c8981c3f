import { pad, type Tensor } from "../../mod.ts";
import { constantOf } from "./constants.ts";
import type { FilterBank } from "./filter-bank.ts";
import type { Geometry } from "./geometry.ts";
import { type Labelled, product, splitAxis, without } from "./labelled.ts";
import { fourierMatrix } from "./matrices.ts";
import { modulus } from "./modulus.ts";
import { radixOf } from "./radix.ts";
import { backFirst, backSecond, forwardFirst, forwardSecond, paddedForward } from "./spectral-matrices.ts";
import type { Stages } from "./stages.ts";

/** From here on it is cheaper to pad first, and then to transform in two steps. */
const LONGEST_DIRECT = 64;

/**
 * The wavelets of any number of angles, by Fourier transforms: two short matrix products for each axis, so that an axis
 * of 104 costs 8 + 13 and not 104 products a value. Filter and fold are part of the first of them. Letters of axes:
 * n images, l and k angles, p and r rows, q and s columns, u and w their frequencies, v and x those of columns, d and e
 * real and imaginary part; see radix.ts.
 */
export class SpectralStages implements Stages {
  readonly #geometry: Geometry;
  readonly #bank: FilterBank;
  readonly #angles: number;
  /** `b` of the rows and of the columns. */
  readonly #fine: readonly [number, number];
  readonly #made = new Map<string, () => Tensor>();

  constructor(geometry: Geometry, bank: FilterBank, scales: number, angles: number) {
    this.#geometry = geometry;
    this.#bank = bank;
    this.#angles = angles;
    const [rows, columns] = geometry.padded;
    this.#fine = [radixOf(rows, scales).fine, radixOf(columns, scales).fine];
  }

  /** Images `[N, M, N']` to their spectra. */
  ofImages(images: Tensor): Labelled {
    const { padded, input, sources } = this.#geometry;
    const around = ([0, 1] as const).map((axis): [number, number] => {
      const before = Math.floor((padded[axis] - input[axis]) / 2);
      return [before, padded[axis] - input[axis] - before];
    });
    const fits = around.every(([, after], axis) => after < (input[axis] as number));
    if (fits && Math.max(...padded) > LONGEST_DIRECT) {
      const whole = sources ? pad(images, { 1: around[0]!, 2: around[1]! }, { mode: "reflect" }) : images;
      const parts = ([0, 1] as const).flatMap((axis) => [this.#fine[axis], padded[axis] / this.#fine[axis]]);
      return this.ofMaps({ x: whole.reshape([images.shape[0] as number, ...parts]), axes: "nrpsq" }, 0);
    }
    const matrix = (axis: 0 | 1, real: boolean) =>
      this.#constant(`image ${axis}`, () =>
        paddedForward(fourierMatrix(padded[axis]), sources?.[axis] ?? null, input[axis], real),
      );
    const [rows, columns] = [matrix(0, false), matrix(1, true)];
    const along = product("ydni", { x: columns, axes: "jyd" }, { x: images, axes: "nij" });
    return this.#splitFrequencies(product("zeyn", { x: rows, axes: "idze" }, along));
  }

  /** `y` and `z`, the frequencies of columns and rows, each as two axes. */
  #splitFrequencies(spectrum: Labelled): Labelled {
    const [rows, columns] = this.#geometry.padded;
    const x = splitAxis(spectrum, "y", "v", columns / this.#fine[1]);
    const y = splitAxis({ ...x, axes: x.axes.replace("y", "x") }, "z", "u", rows / this.#fine[0]);
    return { ...y, axes: y.axes.replace("z", "w") };
  }

  /** Real maps at `2^-level` of the resolution to their spectra. */
  ofMaps(maps: Labelled, level: number): Labelled {
    const lead = without(maps.axes, "pqrs");
    const first = (axis: 0 | 1) =>
      this.#constant(`first ${axis}`, () => forwardFirst(this.#fine[axis], axis === 0));
    const second = (axis: 0 | 1) =>
      this.#constant(`second ${level} ${axis}`, () =>
        forwardSecond(this.#size(level, axis), this.#fine[axis]),
      );
    const a = product(`wdqsp${lead}`, { x: first(0), axes: "rwd" }, maps);
    const b = product(`wueqs${lead}`, { x: second(0), axes: "wpdue" }, a);
    const c = product(`xdwuq${lead}`, { x: first(1), axes: "sexd" }, b);
    return product(`xvewu${lead}`, { x: second(1), axes: "xqdve" }, c);
  }

  /** `|x * psi|` for all angles of a scale, along a new axis k, from the spectra of x at `2^-level` of the resolution. */
  moduli(spectra: Labelled, from: number | "input", scale: number): Labelled {
    const level = from === "input" ? 0 : from;
    const lead = without(spectra.axes, "uvwxe");
    const step = 2 ** (scale - level);
    const filters = this.#constant(`filters ${level} ${scale}`, () => this.#filters(level, scale));
    const first = (axis: 0 | 1) =>
      this.#constant(`back first ${scale} ${axis}`, () =>
        backFirst(this.#size(scale, axis), this.#fine[axis]),
      );
    const second = (axis: 0 | 1) =>
      this.#constant(`back second ${scale} ${axis}`, () =>
        backSecond(this.#size(scale, axis), this.#fine[axis]),
      );
    const aliased = splitAxis(splitAxis(spectra, "u", "U", step), "v", "V", step);
    // The sum over U and V folds what falls together when the result is subsampled; without it this is no kernel.
    const folded =
      step > 1
        ? product(`xwuvke${lead}`, { x: filters, axes: "kUuwVvx" }, aliased)
        : product(`xwuvke${lead}`, { x: filters.squeeze([1, 4]), axes: "kuwvx" }, spectra);
    const a = product(`pdxwvk${lead}`, { x: first(0), axes: "uepd" }, folded);
    const b = product(`prexvk${lead}`, { x: second(0), axes: "pwdre" }, a);
    const c = product(`qdprxk${lead}`, { x: first(1), axes: "veqd" }, b);
    const d = product(`qseprk${lead}`, { x: second(1), axes: "qxdse" }, c);
    const [re, im] = d.x.unstack({ axis: 2 }) as [Tensor, Tensor];
    return { x: modulus(re, im), axes: without(d.axes, "e") };
  }

  #size(level: number, axis: 0 | 1): number {
    return this.#geometry.padded[axis] / 2 ** level;
  }

  #constant(name: string, make: () => () => Tensor): Tensor {
    const known = this.#made.get(name) ?? make();
    this.#made.set(name, known);
    return known();
  }

  /** `[k, U, u, w, V, v, x]`, with the factor that folding divides by. */
  #filters(level: number, scale: number): () => Tensor {
    const [rows, columns] = [this.#size(level, 0), this.#size(level, 1)];
    const step = 2 ** (scale - level);
    const plane = rows * columns;
    const values = new Float64Array(this.#angles * plane);
    for (let angle = 0; angle < this.#angles; angle++) {
      const filter = this.#bank.psi[scale * this.#angles + angle]?.levels[level] as Float64Array;
      values.set(
        filter.map((value) => value / step ** 2),
        angle * plane,
      );
    }
    const parts = (n: number, fine: number) => [step, n / fine / step, fine];
    return constantOf(values, [
      this.#angles,
      ...parts(rows, this.#fine[0]),
      ...parts(columns, this.#fine[1]),
    ]);
  }
}
