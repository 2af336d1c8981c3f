import { axisError, shapeError } from "../core/errors.ts";
import { dim } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { adaptiveBins, applyBand, type Band } from "./band.ts";
import { define } from "./define.ts";
import { type PerAxis, perAxis } from "./spatial.ts";

export type InterpolateMode =
  | "nearest"
  | "nearestExact"
  | "linear"
  | "bilinear"
  | "trilinear"
  | "bicubic"
  | "area";

export interface InterpolateOptions {
  /** Of the result: a number for all spatial axes, or one for each. */
  size?: PerAxis;
  /** In place of `size`: the result has floor(input * factor) elements. */
  scaleFactor?: number | readonly number[];
  mode?: InterpolateMode;
  alignCorners?: boolean;
  /** Widens the filter when an axis shrinks, so that every input counts. */
  antialias?: boolean;
}

const RANKS: Partial<Record<InterpolateMode, number>> = { linear: 1, bilinear: 2, trilinear: 3, bicubic: 2 };

/** Resampling of one axis of n elements to `outputs`, where neighbours are `scale` inputs apart. */
interface AxisPlan {
  readonly n: number;
  readonly outputs: number;
  readonly scale: number;
  readonly alignCorners: boolean;
}

const hat = (x: number): number => Math.max(0, 1 - Math.abs(x));

/** Keys' cubic kernel. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** Position in the input that output j shows, as PyTorch counts. */
const sourceOf = (j: number, p: AxisPlan): number =>
  p.alignCorners ? j * p.scale : (j + 0.5) * p.scale - 0.5;

/** Adds up weights of equal inputs: beyond an edge its element repeats. */
function gathered(taps: readonly (readonly [number, number])[], n: number): { start: number; row: number[] } {
  const inside = taps.map(([at, w]) => [Math.min(n - 1, Math.max(0, at)), w] as const);
  const start = Math.min(...inside.map(([at]) => at));
  const row = new Array<number>(Math.max(...inside.map(([at]) => at)) - start + 1).fill(0);
  for (const [at, w] of inside) row[at - start] = (row[at - start] as number) + w;
  // Taps that fall on other elements exactly have no weight but rounding.
  const used = row.map((w) => Math.abs(w) > 1e-12);
  const first = Math.max(0, used.indexOf(true));
  return { start: start + first, row: row.slice(first, used.lastIndexOf(true) + 1) };
}

const nearestTaps = (j: number, p: AxisPlan, offset: number): [number, number][] => {
  // In float32, as PyTorch computes it: rounding decides between neighbours.
  const at = Math.floor(Math.fround(Math.fround(j + offset) * Math.fround(p.scale)));
  return [[at, 1]];
};

function linearTaps(j: number, p: AxisPlan): [number, number][] {
  const source = Math.max(0, sourceOf(j, p));
  const below = Math.min(p.n - 1, Math.floor(source));
  const part = Math.min(1, source - below);
  return part === 0
    ? [[below, 1]]
    : [
        [below, 1 - part],
        [below + 1, part],
      ];
}

function cubicTaps(j: number, p: AxisPlan): [number, number][] {
  const source = sourceOf(j, p);
  const below = Math.floor(source);
  return [-1, 0, 1, 2].map((k) => [below + k, cubic(below + k - source, -0.75)]);
}

/** Weights of a filter that is as wide as the outputs are apart, normalised, as PIL and PyTorch do. */
function antialiasedTaps(
  j: number,
  p: AxisPlan,
  filter: (x: number) => number,
  radius: number,
): [number, number][] {
  const stretch = Math.max(1, p.scale);
  const centre = (j + 0.5) * p.scale;
  const first = Math.max(0, Math.trunc(centre - radius * stretch + 0.5));
  const end = Math.min(p.n, Math.trunc(centre + radius * stretch + 0.5));
  const taps = Array.from({ length: Math.max(1, end - first) }, (_, k): [number, number] => [
    first + k,
    filter((first + k - centre + 0.5) / stretch),
  ]);
  const sum = taps.reduce((total, [, w]) => total + w, 0);
  return taps.map(([at, w]) => [at, sum === 0 ? w : w / sum]);
}

function tapsFor(mode: InterpolateMode, antialias: boolean): (j: number, p: AxisPlan) => [number, number][] {
  if (mode === "nearest") return (j, p) => nearestTaps(j, p, 0);
  if (mode === "nearestExact") return (j, p) => nearestTaps(j, p, 0.5);
  if (mode === "bicubic")
    return antialias ? (j, p) => antialiasedTaps(j, p, (x) => cubic(x, -0.5), 2) : cubicTaps;
  return antialias ? (j, p) => antialiasedTaps(j, p, hat, 1) : linearTaps;
}

function bandFor(mode: InterpolateMode, antialias: boolean, p: AxisPlan): Band {
  if (mode === "area") return adaptiveBins(p.n, p.outputs);
  const taps = tapsFor(mode, antialias);
  const rows = Array.from({ length: p.outputs }, (_, j) => gathered(taps(j, p), p.n));
  return {
    name: `${mode}:${antialias}:${p.alignCorners}:${p.scale}:${p.n}:${p.outputs}`,
    inputs: p.n,
    starts: rows.map((r) => r.start),
    weights: rows.map((r) => r.row),
  };
}

const isIdentity = (band: Band): boolean =>
  band.inputs === band.weights.length &&
  band.weights.every((row, i) => row.length === 1 && row[0] === 1 && band.starts[i] === i);

function planAxes(x: GraphNode, options: InterpolateOptions): AxisPlan[] {
  const space = x.shape.slice(2);
  const { size, scaleFactor, alignCorners = false } = options;
  if ((size === undefined) === (scaleFactor === undefined))
    throw axisError({
      problem: "the size of the result is unclear",
      need: "size or scaleFactor",
    });
  const factors =
    scaleFactor === undefined
      ? undefined
      : typeof scaleFactor === "number"
        ? space.map(() => scaleFactor)
        : [...scaleFactor];
  if (factors && (factors.length !== space.length || factors.some((f) => !(f > 0)))) {
    throw axisError({
      problem: "scaleFactor does not fit",
      got: { x, scaleFactor: factors },
      need: `one positive number, or ${space.length}`,
    });
  }
  const sizes = factors
    ? space.map((n, i) => Math.floor(n * dim(factors, i)))
    : perAxis("size", size as PerAxis, space.length, 1);
  if (sizes.some((n) => n < 1) || space.some((n) => n < 1))
    throw shapeError({ problem: "an empty axis", got: { x, size: sizes } });
  return space.map((n, i): AxisPlan => {
    const outputs = dim(sizes, i);
    const apart = factors ? 1 / dim(factors, i) : n / outputs;
    const aligned = outputs > 1 ? (n - 1) / (outputs - 1) : 0;
    return { n, outputs, alignCorners, scale: alignCorners ? aligned : apart };
  });
}

export const interpolate = define("interpolate", (x: GraphNode, options: InterpolateOptions): GraphNode => {
  const { mode = "nearest", alignCorners = false, antialias = false } = options;
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3)
    throw shapeError({
      problem: "no spatial axes",
      got: { x },
      need: "x of shape [B, C, ...space]",
    });
  const needed = RANKS[mode];
  if (needed !== undefined && needed !== rank)
    throw shapeError({ problem: `"${mode}" is for ${needed} spatial axes`, got: { x } });
  const filters = needed !== undefined;
  if ((alignCorners && !filters) || (antialias && (!filters || rank !== 2)))
    throw axisError({
      problem: `${alignCorners && !filters ? "alignCorners" : "antialias"} does not go with "${mode}"`,
      need: antialias ? '"bilinear" or "bicubic"' : '"linear", "bilinear", "trilinear" or "bicubic"',
    });
  // Axes that shrink most come first: what follows has less to do.
  const plans = planAxes(x, options).map((p, i) => ({ p, axis: i + 2 }));
  plans.sort((a, b) => a.p.outputs / a.p.n - b.p.outputs / b.p.n);
  return plans.reduce((y, { p, axis }) => {
    const band = bandFor(mode, antialias, p);
    return isIdentity(band) ? y : applyBand(y, axis, band);
  }, x);
});
