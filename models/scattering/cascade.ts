import { concat, type Tensor } from "../../mod.ts";
import { filterBank } from "./filter-bank.ts";
import type { Labelled } from "./labelled.ts";
import { type LowPass, lowPass } from "./low-pass.ts";
import { portionsOf, type Work } from "./portions.ts";
import { ANGLES_OF_ROUND_ENVELOPES, SeparableStages } from "./separable-stage.ts";
import { SpectralStages } from "./spectral-stage.ts";
import type { Stages } from "./stages.ts";

/** Moduli of wavelets before they are averaged: `maps` has axes n, k or n, l, k and those of rows and columns. */
interface Moduli {
  readonly scales: readonly number[];
  readonly maps: Labelled;
}

/** Moduli of one path of scales, for all their angles. */
export interface ModulusMaps {
  /** `j` of each wavelet. */
  readonly scales: readonly number[];
  /** `[N, L, A, B]`, or `[N, L, L, A, B]` with the angles of both wavelets. */
  readonly maps: Tensor;
}

export class Cascade {
  readonly #options: Work;
  readonly #stages: Stages;
  readonly #averages: LowPass[];
  readonly #averageImages: LowPass;

  constructor(options: Work) {
    const { geometry, scales, angles } = options;
    this.#options = options;
    this.#stages =
      angles === ANGLES_OF_ROUND_ENVELOPES
        ? new SeparableStages(geometry)
        : new SpectralStages(geometry, filterBank(geometry.padded, scales, angles), scales, angles);
    this.#averageImages = lowPass(geometry, scales, "input");
    this.#averages = Array.from({ length: scales }, (_, level) => lowPass(geometry, scales, level));
  }

  /** Images `[N, M, N']` to all coefficients, `[N, K, m, n]`. */
  coefficients(images: Tensor): Tensor {
    const [count = 0] = images.shape;
    const portions = portionsOf(count, this.#options);
    const parts = images.split(portions.images).map((some) => this.#portion(some, portions.angles));
    return parts.length === 1 ? (parts[0] as Tensor) : concat(parts);
  }

  /** All moduli of images `[N, M, N']`, on the padded grid. */
  moduli(images: Tensor): ModulusMaps[] {
    const { scales, maxOrder } = this.#options;
    const first = this.#firstOrder(images);
    const second = first.flatMap(({ scales: [level = 0], maps }) =>
      maxOrder === 2 && level + 1 < scales ? this.#secondOrder(maps, level) : [],
    );
    return [...first, ...second].map(({ scales, maps }) => ({ scales, maps: inNaturalOrder(maps) }));
  }

  #firstOrder(images: Tensor): Moduli[] {
    const prepared = this.#stages.ofImages(images);
    return Array.from({ length: this.#options.scales }, (_, scale) => ({
      scales: [scale],
      maps: this.#stages.moduli(prepared, "input", scale),
    }));
  }

  /** The moduli of coarser wavelets on maps of scale `level`. */
  #secondOrder(maps: Labelled, level: number): Moduli[] {
    const prepared = this.#stages.ofMaps({ x: maps.x, axes: maps.axes.replace("k", "l") }, level);
    const coarser = Array.from({ length: this.#options.scales - 1 - level }, (_, i) => level + 1 + i);
    return coarser.map((scale) => ({
      scales: [level, scale],
      maps: this.#stages.moduli(prepared, level, scale),
    }));
  }

  /** The coefficients of images that are worked on at once, with `group` angles of the second order at a time. */
  #portion(images: Tensor, group: number): Tensor {
    const { scales, angles, maxOrder } = this.#options;
    const [count = 0] = images.shape;
    const channels = (x: Tensor) => x.reshape([count, -1, ...x.shape.slice(-2)]);
    const s0 = this.#averageImages({ x: images, axes: "npq" }).x;
    const s1: Tensor[] = [];
    const s2: Tensor[] = [];
    for (const {
      scales: [level = 0],
      maps,
    } of this.#firstOrder(images)) {
      s1.push(this.#average(level, maps));
      if (maxOrder === 1 || level + 1 === scales) continue;
      const groups = maps.x.split(angles / group, { axis: maps.axes.indexOf("k") }).map((x) => {
        const coarser = this.#secondOrder({ ...maps, x }, level);
        return concat(
          coarser.map(({ scales: [, scale = 0], maps }) => this.#average(scale, maps)),
          { axis: 2 },
        );
      });
      s2.push(concat(groups, { axis: 1 }));
    }
    return concat([s0, ...s1, ...s2].map(channels), { axis: 1 });
  }

  /** `[N, angle, (angle,) m, n]` */
  #average(scale: number, maps: Labelled): Tensor {
    return (this.#averages[scale] as LowPass)(maps).x;
  }
}

/** Axes n, l, k, rows and columns, with `p + a r` as one axis where they are two. */
function inNaturalOrder({ x, axes }: Labelled): Tensor {
  const order = [..."nlkrpsq"].map((letter) => axes.indexOf(letter)).filter((at) => at >= 0);
  const size = (letters: string) =>
    [...letters].reduce((n, letter) => n * (x.shape[axes.indexOf(letter)] ?? 1), 1);
  const lead = order.filter((at) => "nlk".includes(axes[at] as string)).map((at) => x.shape[at] as number);
  return x.permute(order).reshape([...lead, size("rp"), size("sq")]);
}
