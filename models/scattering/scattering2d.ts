import { isTensor, ShapeError, type Tensor, vjp, zeros } from "../../mod.ts";
import { Cascade, type ModulusMaps } from "./cascade.ts";
import { geometry, type Size } from "./geometry.ts";
import { channelOf, type ScatteringPath, scatteringPaths } from "./paths.ts";

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
  /**
   * The moduli of wavelets before they are averaged, for looking at: a record for each scale, and for each pair of
   * scales. Maps are `[..., L, A, B]` or `[..., L, L, A, B]` on the padded grid, subsampled by `2^j` of the last scale.
   */
  moduli(images: Tensor): ModulusMaps[];
  /**
   * The coefficients of many images in pieces of at most `maxBytes`, one after the other along the first axis of
   * `f32[B, ..., M, N]`. Default: the 128 MiB that every WebGPU device can bind at once.
   */
  inPieces(images: Tensor, options?: { maxBytes?: number }): Tensor[];
  /** The channel of a path, told by its scales and angles. */
  channelOf(path: Pick<ScatteringPath, "scales" | "angles">): number;
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
 *   channels is that of `paths`. Equal options give the same function, as long as it is one of the eight used last.
 * @throws {RangeError} If an option is out of range. The function throws a {@link ShapeError} for images of another size,
 *   and a TypeError for what is no tensor.
 *
 * Memory: large batches are worked on in portions, so that all intermediate results together stay below half of what
 * goes in and comes out (or 48 MiB). A gradient keeps what it needs of each portion.
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
  // The one used last comes last.
  transforms.delete(key);
  transforms.set(key, made);
  if (transforms.size > TRANSFORMS_KEPT) transforms.delete(transforms.keys().next().value as string);
  return made;
}

/** Enough for a model on images of a few sizes; a folder of pictures of all sizes would otherwise fill the memory. */
const TRANSFORMS_KEPT = 8;
const transforms = new Map<string, Scattering2d>();

function build({ J, shape, L, maxOrder, prePadded }: Required<ScatteringOptions>): Scattering2d {
  const place = geometry(shape, J, prePadded);
  const paths = scatteringPaths(J, L, maxOrder);
  const [m, n] = place.output;
  let made: Cascade | undefined; // filters take a while, and not every model is run
  /** Images `[..., M, N]` as one list, and what stands before the last two axes. */
  const listed = (images: Tensor) => {
    const { input } = place;
    if (!isTensor(images))
      throw new TypeError("scattering2d: the images are no tensor; try tensor(values, { shape })");
    const [rows, columns] = images.shape.slice(-2);
    if (rows !== input[0] || columns !== input[1]) {
      throw new ShapeError("scattering2d", {
        problem: "images of another size than the transform was made for",
        got: { images, size: input },
        need: "the size as the last two axes",
      });
    }
    made ??= new Cascade({ geometry: place, scales: J, angles: L, maxOrder });
    return { cascade: made, list: images.reshape([-1, ...input]), leading: images.shape.slice(0, -2) };
  };
  const transform = (images: Tensor): Tensor => {
    const { cascade, list, leading } = listed(images);
    if (images.size === 0) return zeros([...leading, paths.length, m, n]);
    // Traced, so that it is computed as one program: outside of a compiled function, so large a graph would be evaluated
    // in parts, and all of them kept until the last is there.
    const { value } = vjp((x: Tensor) => cascade.coefficients(x), list);
    return value.reshape([...leading, paths.length, m, n]);
  };
  const list = (images: Tensor): ScatteringCoefficient[] => {
    const values = transform(images).unstack({ axis: -3 });
    return paths.map((path, k) => ({ ...path, value: values[k] as Tensor }));
  };
  const moduli = (images: Tensor): ModulusMaps[] => {
    const { cascade, list, leading } = listed(images);
    return cascade
      .moduli(list)
      .map(({ scales, maps }) => ({ scales, maps: maps.reshape([...leading, ...maps.shape.slice(1)]) }));
  };
  const inPieces = (images: Tensor, { maxBytes = 2 ** 27 }: { maxBytes?: number } = {}): Tensor[] => {
    const [count = 1] = images.shape;
    const bytesOfOne = (4 * paths.length * m * n * images.size) / count / (place.input[0] * place.input[1]);
    const most = Math.max(1, Math.floor(maxBytes / bytesOfOne));
    if (images.rank < 3 || count === 0) return [transform(images)];
    return images.chunk(Math.ceil(count / most)).map(transform);
  };
  const shapes = { inputShape: place.input, outputShape: [paths.length, m, n] as const };
  const channel = (path: Pick<ScatteringPath, "scales" | "angles">) => channelOf(path, J, L, maxOrder);
  return Object.assign(transform, { list, moduli, inPieces, paths, channelOf: channel, ...shapes });
}

function check({ J, shape, L, maxOrder }: Required<ScatteringOptions>): void {
  const need = (holds: boolean, what: string) => {
    if (!holds) throw new RangeError(`scattering2d: ${what}`);
  };
  const whole = (x: number, least: number) => Number.isInteger(x) && x >= least;
  need(whole(J, 1), `J is ${J}; need a whole number from 1 on`);
  need(whole(L, 1), `L is ${L}; need a whole number from 1 on`);
  need(maxOrder === 1 || maxOrder === 2, `maxOrder is ${maxOrder}; need 1 or 2`);
  need(shape?.length === 2 && shape.every((n) => whole(n, 1)), `shape is [${shape}]; need rows and columns`);
  const step = 2 ** J;
  need(
    shape.every((n) => n >= step),
    `images of [${shape}] are smaller than 2^J = ${step}; try a smaller J`,
  );
}
