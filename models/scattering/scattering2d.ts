import { concat, ShapeError, type Tensor } from "../../mod.ts";
import { type FilterBank, filterBank } from "./filter-bank.ts";
import { type Geometry, geometry, type Size } from "./geometry.ts";
import { lowPass } from "./low-pass.ts";
import { type ScatteringPath, scatteringPaths } from "./paths.ts";
import { ANGLES_OF_ROUND_ENVELOPES, separableStage } from "./separable-stage.ts";
import { spectralStage } from "./spectral-stage.ts";
import type { WaveletStage } from "./wavelet-stage.ts";

export interface ScatteringOptions {
  /** Number of scales, 1 or more: the result is averaged over about `2^J` pixels and subsampled by `2^J`. */
  readonly J: number;
  /** Rows and columns of the images; each at least `2^J`. */
  readonly shape: Size;
  /** Number of angles in a half turn. Default 8. */
  readonly L?: number;
  /** Whether wavelets are applied twice. Default 2. */
  readonly maxOrder?: 1 | 2;
  /** Whether images come padded, to `(floor(M / 2^J) + 2) 2^J` rows and likewise columns. Default false. */
  readonly prePadded?: boolean;
}

/** An output channel as a record of its own. */
export interface ScatteringCoefficient extends ScatteringPath {
  /** `[..., m, n]` */
  readonly value: Tensor;
}

export interface Scattering2d {
  /** Coefficients of images `f32[..., M, N]` as one tensor `f32[..., K, m, n]`. */
  (images: Tensor): Tensor;
  /** The same, a record for each channel. */
  list(images: Tensor): ScatteringCoefficient[];
  /** What each of the K channels is. */
  readonly paths: readonly ScatteringPath[];
  /** Rows and columns of what comes in. */
  readonly inputShape: Size;
  /** `[K, m, n]` */
  readonly outputShape: readonly [channels: number, rows: number, columns: number];
}

/**
 * The scattering transform of images: wavelet moduli, one or two deep, averaged over `2^J` pixels. It is fixed
 * (nothing is learned), stable to small deformations, and keeps much of what an average alone would lose.
 *
 * @param options.J Number of scales.
 * @param options.shape Size of the images, `[M, N]`; any numbers from `2^J` on.
 * @param options.L Number of angles. Default 8; with 4 the transform is several times cheaper, since its wavelets are
 *   products of one filter for each axis.
 * @param options.maxOrder 1 or 2 (default).
 * @param options.prePadded Whether images come padded, as `inputShape` then says. Default false: they are padded by
 *   reflection.
 * @returns A function from `f32[..., M, N]` to `f32[..., K, m, n]`, with `m = floor(M / 2^J)`, `n = floor(N / 2^J)` and
 *   `K = 1 + J L + L^2 J (J - 1) / 2` (or `1 + J L`). Colour channels are leading axes like any other. The order of the
 *   channels is that of `paths`. Equal options give the same function.
 * @throws {RangeError} If an option is out of range. The function throws a {@link ShapeError} for images of another size.
 *
 * Memory: the largest intermediate holds the moduli of one scale at full resolution, about `5 L` times the padded
 * images while it is made.
 * Gradient: reaches the images; a modulus has gradient 0 where it is 0.
 *
 * @example
 *   const transform = scattering2d({ J: 2, L: 8, shape: [32, 32] });
 *   const features = transform(images);            // [B, 3, 32, 32] to [B, 3, 81, 8, 8]
 *   transform.paths[9];                            // { order: 1, scales: [1], angles: [0], wavelets: [8] }
 *
 * Source: models/scattering/scattering2d.ts. Numbers: kymatio's `Scattering2D`, within float32 rounding. Papers:
 * Mallat 2012; Bruna and Mallat 2013.
 */
export function scattering2d(options: ScatteringOptions): Scattering2d {
  const { J, shape, L = 8, maxOrder = 2, prePadded = false } = options;
  check({ J, shape, L, maxOrder, prePadded });
  const key = [J, ...shape, L, maxOrder, prePadded].join();
  const made = transforms.get(key) ?? build({ J, shape, L, maxOrder, prePadded });
  transforms.set(key, made);
  return made;
}

const transforms = new Map<string, Scattering2d>();

function build({ J, shape, L, maxOrder, prePadded }: Required<ScatteringOptions>): Scattering2d {
  const place = geometry(shape, J, prePadded);
  const paths = scatteringPaths(J, L, maxOrder);
  const [m, n] = place.output;
  let apply: ((images: Tensor) => Tensor) | undefined; // filters take a while, and not every model is run
  const transform = (images: Tensor): Tensor => {
    const { input } = place;
    const [rows, columns] = images.shape.slice(-2);
    if (rows !== input[0] || columns !== input[1]) {
      throw new ShapeError("scattering2d", {
        problem: "images of another size than the transform was made for",
        got: { images, size: input },
        need: "the size as the last two axes",
      });
    }
    const leading = images.shape.slice(0, -2);
    apply ??= cascade(place, J, L, maxOrder);
    return apply(images.reshape([-1, ...input])).reshape([...leading, paths.length, m, n]);
  };
  const list = (images: Tensor): ScatteringCoefficient[] => {
    const values = transform(images).unstack({ axis: -3 });
    return paths.map((path, k) => ({ ...path, value: values[k] as Tensor }));
  };
  const shapes = { inputShape: place.input, outputShape: [paths.length, m, n] as const };
  return Object.assign(transform, { list, paths, ...shapes });
}

/** The transform of `[N, M, N]` to `[N, K, m, n]`. */
function cascade(place: Geometry, J: number, L: number, maxOrder: 1 | 2): (images: Tensor) => Tensor {
  const scales = Array.from({ length: J }, (_, j) => j);
  let bank: FilterBank | undefined;
  const stage = (scale: number, level: number | "input"): WaveletStage => {
    const spec = { geometry: place, angles: L, scale, level };
    if (L === ANGLES_OF_ROUND_ENVELOPES) return separableStage(spec);
    bank ??= filterBank(place.padded, J, L);
    return spectralStage(spec, bank);
  };
  const averageInput = lowPass(place, J, "input");
  const first = scales.map((scale) => ({
    scale,
    stage: stage(scale, "input"),
    average: lowPass(place, J, scale),
  }));
  const second = first.map(({ scale: level }) =>
    maxOrder === 1
      ? []
      : first
          .filter(({ scale }) => scale > level)
          .map(({ scale, average }) => ({ stage: stage(scale, level), average })),
  );
  return (images) => {
    const [count = 0] = images.shape;
    /** The axes of maps folded into one, for what works on lists of maps. */
    const flat = (maps: Tensor) => maps.reshape([-1, ...maps.shape.slice(-2)]);
    const s0 = averageInput(images).unsqueeze(1);
    const s1: Tensor[] = [];
    const s2: Tensor[] = [];
    first.forEach(({ stage, average }, j1) => {
      const u1 = flat(stage(images));
      s1.push(average(u1).reshape([count, L, ...place.output]));
      const coarser = (second[j1] ?? []).map(({ stage, average }) => {
        const u2 = flat(stage(u1));
        return average(u2).reshape([count, L, L, ...place.output]);
      });
      if (coarser.length > 0) s2.push(concat(coarser, { axis: 2 }).reshape([count, -1, ...place.output]));
    });
    return concat([s0, ...s1, ...s2], { axis: 1 });
  };
}

function check({ J, shape, L, maxOrder }: Required<ScatteringOptions>): void {
  const need = (holds: boolean, what: string) => {
    if (!holds) throw new RangeError(`scattering2d: ${what}`);
  };
  const whole = (x: number, least: number) => Number.isInteger(x) && x >= least;
  need(whole(J, 1), `J is ${J}; need a whole number from 1 on`);
  need(whole(L, 1), `L is ${L}; need a whole number from 1 on`);
  need(maxOrder === 1 || maxOrder === 2, `maxOrder is ${maxOrder}; need 1 or 2`);
  need(shape.length === 2 && shape.every((n) => whole(n, 1)), `shape is [${shape}]; need rows and columns`);
  const step = 2 ** J;
  need(
    shape.every((n) => n >= step),
    `images of [${shape}] are smaller than 2^J = ${step}; try a smaller J`,
  );
}
