import type { Monitors } from "./monitors.ts";

// When a representation is called collapsed. The literature names what to look at and gives no thresholds: the spread of
// rows at unit length, which falls to 0 (Chen and He 2021, section 4.1), their uniformity, which rises to 0 (Wang and Isola
// 2020), the rank of their covariance (Jing et al. 2022; Garrido et al. 2023), units that never change. What is healthy
// depends on the model: the networks of the reference runs have spreads of .63 to .72 when they
// are trained, a dense one .38 before and .52 after training, projections before training a uniformity from -.03 to -.7. So
// values are held against those of the same model before training, and must be low by themselves, too. The numbers below
// were set on such runs: healthy ones stay away from them by a factor of two and more, runs without negatives, with a
// loss that pulls all images together, or with absurd learning rates cross one within some dozen steps.

/** Cosines of 0.97 and more between all images. */
const TIGHT_UNIFORMITY = -0.12;
/** What is left of the mean squared distance that there was before training. */
const TIGHTER = 0.2;
const SMALL_SPREAD = 0.02;
const LESS_SPREAD = 0.3;
/** Directions in use, of eight or more. */
const FEW_DIRECTIONS = 1.5;
const FEWER_DIRECTIONS = 5;
/** What is left of the directions before training, if fewer than `FEWER_DIRECTIONS`. */
const LESS_RANK = 0.25;
const MANY_DEAD = 0.75;

/**
 * What says that a representation has collapsed, in plain words; nothing if all is well.
 *
 * @param start The same before training, if it is known.
 *
 * Source: training/monitors/collapse.ts.
 */
export function signsOfCollapse(now: Monitors, start: Monitors | null): string[] {
  const signs: string[] = [];
  const before = (value: number | null | undefined) =>
    value === null || value === undefined ? "" : `, ${shown(value)} before training`;
  const { spread, uniformity, dead } = now;
  if (uniformity !== null && uniformity > TIGHT_UNIFORMITY) {
    const old = start?.uniformity ?? null;
    // Projections that never differed, as those of one number at unit length, are no better for that.
    if (uniformity > TIGHT_UNIFORMITY / 10 || (old !== null && uniformity > TIGHTER * old)) {
      signs.push(
        `the projections of all images lie close together (uniformity ${shown(uniformity)}${before(old)})`,
      );
    }
  }
  if (spread !== null) {
    const old = start?.spread ?? 0;
    if (spread < SMALL_SPREAD || spread < LESS_SPREAD * old) {
      signs.push(`all images are nearly alike to it (spread ${shown(spread)}${before(start?.spread)})`);
    }
  }
  if (dead !== null && dead > MANY_DEAD && dead > 1.5 * (start?.dead ?? 0)) {
    signs.push(`${Math.round(dead * 100)} % of its dimensions are the same for all images`);
  }
  const ranks = [
    ["it", now.effectiveRank, start?.effectiveRank, now.dimensions],
    ["its projection", now.projectionRank, start?.projectionRank, now.projections],
  ] as const;
  for (const [what, rank, old, dimensions] of ranks) {
    if (rank === null || Math.min(dimensions ?? 0, now.images - 1) < 8) continue;
    if (rank < FEW_DIRECTIONS || (rank < FEWER_DIRECTIONS && rank < LESS_RANK * (old ?? 0))) {
      signs.push(`${what} uses ${rank.toFixed(1)} of ${dimensions} directions${before(old)}`);
    }
  }
  return signs;
}

/** What helps a contrastive loss. */
const USUAL_ADVICE =
  "Try a smaller learning rate first; then a temperature between 0.1 and 0.5, a larger batch (more negatives), or views that differ more";

/** A warning with what can be done. */
export const collapseAdvice = (signs: readonly string[], advice = USUAL_ADVICE): string =>
  `the representation has collapsed: ${signs.join("; ")}. What it learns from here on is worth little. ${advice}`;

const shown = (x: number): string =>
  Math.abs(x) < 0.095 ? x.toPrecision(1) : x.toFixed(Math.abs(x) < 10 ? 2 : 0);

/** The state of a watch over many looks. */
export interface CollapseWatch {
  /** Before training. */
  readonly start: Monitors | null;
  /** Looks in a row that showed signs. */
  readonly looks: number;
  readonly told: boolean;
}

export const freshWatch: CollapseWatch = { start: null, looks: 0, told: false };

/** Steps before which one look is not enough: a warm-up may still be on its way. */
const EARLY = 100;
/**
 * Steps before which looks say nothing. Monitors see the model as it will be used, with the running statistics of batch norm,
 * which begin at 0 and 1 and keep 0.9 of themselves in a step, so that in deep networks they deceive at first: the
 * healthy scatsimclr8 falls from a spread of .38 to .01 in its first five steps, with projections at one point, is back at
 * .40 after twenty, and its projections still come apart after thirty.
 */
const UNSETTLED = 60;

/**
 * Takes a look into account. A warning comes once, when signs have shown in two looks in a row, or in one that is late or the
 * last; and again if the signs have gone in between. It ends with the advice, by default that for contrastive losses.
 * The first 60 steps are not judged.
 */
export function watchCollapse(
  watch: CollapseWatch,
  monitors: Monitors,
  { step, last, advice }: { step: number; last: boolean; advice?: string | undefined },
): { watch: CollapseWatch; warning: string | null } {
  if (step === 0) return { watch: { ...watch, start: monitors }, warning: null };
  if (step < UNSETTLED) return { watch, warning: null };
  const signs = signsOfCollapse(monitors, watch.start);
  if (signs.length === 0) return { watch: { ...watch, looks: 0, told: false }, warning: null };
  const looks = watch.looks + 1;
  const due = !watch.told && (looks >= 2 || step >= EARLY || last);
  return {
    watch: { ...watch, looks, told: watch.told || due },
    warning: due ? collapseAdvice(signs, advice) : null,
  };
}
