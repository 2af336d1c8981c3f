import type { Geometry } from "./geometry.ts";

/** What a transform has to do. */
export interface Work {
  readonly geometry: Geometry;
  readonly scales: number;
  readonly angles: number;
  readonly maxOrder: 1 | 2;
  /** Values that intermediate results may take. Default: in proportion to what comes in and goes out. */
  readonly room?: number;
}

/** How much of the work is done at once. */
export interface Portions {
  /** Images of each portion. */
  readonly images: readonly number[];
  /** First angles whose second order is computed together. */
  readonly angles: number;
}

/** Intermediate results may always take this many bytes, or */
const LEAST = 48 * 2 ** 20;
/** this part of what comes in and goes out. */
const SHARE = 0.35;
/** Kernels of a portion, about: for the first order, and for each group of angles of the second. */
const KERNELS = 16;
const KERNELS_OF_GROUP = 11;

/**
 * Cuts the work so that what lies between images and coefficients stays small beside them, into as few launches as that
 * allows.
 */
export function portionsOf(count: number, work: Work): Portions {
  const { geometry, scales, angles, maxOrder } = work;
  const area = (level: number) => (geometry.padded[0] * geometry.padded[1]) / 4 ** level;
  const paths = 1 + scales * angles + (maxOrder === 2 ? (angles ** 2 * scales * (scales - 1)) / 2 : 0);
  const [m, n] = geometry.output;
  const outside = count * (geometry.input[0] * geometry.input[1] + paths * m * n);
  const room = work.room ?? Math.max(LEAST / 4, SHARE * outside);
  const second = maxOrder === 2 && scales > 1;
  /** Values that live at once for each image: each step has one complex array before it and one behind it. */
  const needed = (group: number) => {
    const first = 4 * angles * area(0);
    if (!second) return 2 * area(0) + first;
    const beside = (angles + 2 * group) * area(0);
    return (
      2 * area(0) + Math.max(first, beside + Math.max(4 * group * area(0), 4 * group * angles * area(1)))
    );
  };
  let best = { launches: Infinity, portions: count, angles };
  for (let group = angles; group >= 1; group--) {
    if (angles % group !== 0) continue;
    const images = Math.max(1, Math.floor(room / needed(group)));
    const portions = evenly(count, Math.max(1, Math.ceil(count / images)));
    const launches = portions * (KERNELS + (second ? (KERNELS_OF_GROUP * angles) / group : 0));
    const fits = count === 0 || Math.ceil(count / portions) * needed(group) <= room || group === 1;
    if (fits && launches < best.launches) best = { launches, portions, angles: group };
  }
  const sizes = Array.from(
    { length: best.portions },
    (_, i) => Math.floor(((i + 1) * count) / best.portions) - Math.floor((i * count) / best.portions),
  );
  return { images: sizes, angles: best.angles };
}

/** A few more portions than needed, if all are of one size then: other sizes are other kernels. */
function evenly(count: number, portions: number): number {
  for (let p = portions; p <= 1.25 * portions; p++) if (count % p === 0) return p;
  return portions;
}
