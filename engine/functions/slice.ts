import { axisError } from "../core/errors.ts";
import { dim } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { AxisMap } from "../ir/primitive.ts";
import { ops, reshapeTo } from "../ops/build.ts";
import { sameAxis } from "../ops/movement.ts";
import { method } from "./define.ts";

/**
 * What to take of one axis: a position, which drops the axis; `[start, stop, step]`, each of which may be left out or
 * null; or null, which is the whole axis. Negative positions count from the end.
 */
export type SliceSpec = number | null | readonly [(number | null)?, (number | null)?, (number | null)?];

/** The position that a number names on an axis, which must have it. */
export function positionOn(x: GraphNode, axis: number, position: number): number {
  const n = dim(x.shape, axis);
  const at = position < 0 ? position + n : position;
  if (!Number.isInteger(at) || at < 0 || at >= n) {
    throw axisError({
      problem: `${position} is outside axis ${axis}`,
      got: { x },
      need: `an integer, ${-n} <= index < ${n}`,
    });
  }
  return at;
}

/** Start, step and size of a range on an axis of size n, by the rules of Python: what lies outside is cut off. */
function rangeOn(n: number, [start, stop, step]: Exclude<SliceSpec, number | null>): AxisMap {
  const by = step ?? 1;
  if (by === 0 || ![start ?? 0, stop ?? 0, by].every(Number.isInteger)) {
    throw axisError({
      problem: "no such range",
      got: { start: start ?? "none", stop: stop ?? "none", step: by },
      need: "integers and a step other than 0",
    });
  }
  const [first, last] = by > 0 ? [0, n] : [-1, n - 1];
  const within = (i: number) => Math.min(last, Math.max(first, i < 0 ? i + n : i));
  const from = start == null ? (by > 0 ? first : last) : within(start);
  const to = stop == null ? (by > 0 ? last : first) : within(stop);
  const size = Math.max(0, Math.ceil((to - from) / by));
  // An empty range may start outside the axis, but a view is in range by construction.
  return { ...sameAxis(size), factor: by, constant: size === 0 ? 0 : from };
}

/** Part of a tensor: a position or a range of each axis. */
export const slice = method("slice", (x: GraphNode, ...specs: readonly SliceSpec[]): GraphNode => {
  const rank = x.shape.length;
  if (specs.length > rank) {
    throw axisError({
      problem: `${specs.length} axes are named`,
      got: { x },
      need: `at most ${rank}`,
    });
  }
  const maps = x.shape.map((n, axis): AxisMap => {
    const spec = specs[axis] ?? null;
    if (spec === null) return sameAxis(n);
    if (typeof spec === "number") return { ...sameAxis(1), constant: positionOn(x, axis, spec) };
    return rangeOn(n, spec);
  });
  const whole = maps.every((a, i) => a.size === x.shape[i] && a.factor === 1 && a.constant === 0);
  const view = whole ? x : ops.affineView(x, maps);
  return reshapeTo(
    view,
    view.shape.filter((_, axis) => typeof specs[axis] !== "number"),
  );
});
