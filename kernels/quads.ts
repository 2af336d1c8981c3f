import type { DotSize, DotTile } from "./dot-spec.ts";

// The numbers that choose tiles of contractions for adapters whose lanes run in fours.

// Nanoseconds that a vector of four lanes takes on SwiftShader, measured on one core: what `npm run bench -- tune` says
// of 64 tiles is within 6 % of these.
const ROUND = 17;
const LOAD = 4.5;
const STEP = 0.5;
const MULTIPLY_ADD = 0.6;
/** Sums of a tile beyond which each costs `BEYOND` a round: they are too many for the driver's allocation of registers. */
const SUMS = 52;
const BEYOND = 17;
/** What a sum in a kernel's text costs to compile, spread over the runs that a kernel has to pay it back. */
const TEXT = 15000;

/** Rows and columns of tiles of four lanes to choose from. */
export const QUAD_ROWS = Array.from({ length: 16 }, (_, i) => i + 1);
export const QUAD_COLUMNS = [1, 2, 3, 4];

/** The tile of four lanes that takes the least time, with two cores at work. */
export function quadTile(
  { batch, m, n, k, extraA, extraB }: DotSize,
  rounds?: Readonly<Record<string, number>>,
): DotTile {
  let best: DotTile | null = null;
  let least = Infinity;
  for (const tm of QUAD_ROWS) {
    for (const tn of QUAD_COLUMNS) {
      const tiles = batch * Math.ceil(m / tm) * Math.ceil(n / (4 * tn));
      const plain =
        rounds?.[`${tm}x${tn}`] ??
        ROUND + LOAD * (tm + 4 * tn) + 4 * MULTIPLY_ADD * tm * tn + BEYOND * Math.max(0, tm * tn - SUMS);
      const round = plain + STEP * (extraA * tm + extraB * 4 * tn);
      const time = Math.ceil(tiles / 2) * ((k / 4) * round + 2 * LOAD * tm * tn) + TEXT * tm * tn;
      if (time >= least) continue;
      least = time;
      best = { variant: "quad", tm, tn, quads: tiles >= 64 && k < 64 ? 4 : 1 };
    }
  }
  return best as DotTile;
}
