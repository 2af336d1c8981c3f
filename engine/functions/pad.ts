import { axisError, shapeError } from "../core/errors.ts";
import { dim, normalizeAxis, replaceAxis } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { castTo, constant, ops } from "../ops/build.ts";
import { sameAxis } from "../ops/movement.ts";
import { method } from "./define.ts";

/** Elements put before and after. */
export type PadWidth = readonly [number, number];

/** One width for each axis, or the widths of the axes named. */
export type PadWidths = readonly PadWidth[] | Readonly<Record<number, PadWidth>>;

export interface PadOptions {
  mode?: "constant" | "reflect" | "replicate" | "circular";
  /** What is put there in mode "constant". */
  value?: number | boolean;
}

function widthsOf(x: GraphNode, widths: PadWidths): PadWidth[] {
  const rank = x.shape.length;
  const list = new Array<PadWidth>(rank).fill([0, 0]);
  if (Array.isArray(widths)) {
    if (widths.length !== rank) {
      throw axisError({
        problem: `widths of ${widths.length} axes`,
        got: { x },
        need: `one pair for each of the ${rank} axes`,
        hint: "{ [axis]: [before, after] }",
      });
    }
    widths.forEach((w, i) => {
      list[i] = w;
    });
  } else {
    for (const [axis, w] of Object.entries(widths)) list[normalizeAxis(Number(axis), rank)] = w;
  }
  const bad = list.find((w) => w.length !== 2 || !w.every(Number.isInteger));
  if (bad) throw axisError({ problem: "no width", got: { width: bad }, need: "[before, after]" });
  return list;
}

/** Elements put around a tensor. */
export const pad = method("pad", (x: GraphNode, widths: PadWidths, options: PadOptions = {}): GraphNode => {
  const { mode = "constant", value = 0 } = options;
  const list = widthsOf(x, widths);
  if (mode === "constant") return padWithValue(x, list, Number(value));
  return list.reduce((y, width, axis) => padWithOwn(y, axis, width, mode), x);
});

function padWithValue(x: GraphNode, widths: readonly PadWidth[], value: number): GraphNode {
  const maps = x.shape.map((n, i) => {
    const [before, after] = widths[i] as PadWidth;
    if (n + before + after < 0)
      throw shapeError({ problem: `axis ${i} is cut away`, got: { x, width: [before, after] } });
    return { ...sameAxis(n + before + after), constant: -before + 0 };
  });
  if (widths.every(([before, after]) => before === 0 && after === 0)) return x;
  const view = ops.affineView(x, maps);
  if (value === 0) return view;
  // Views show 0 outside: where a padded tensor of ones does, the value belongs.
  const inside = ops.affineView(constant(x.shape, 1, "bool"), maps);
  return ops.where(inside, view, castTo(constant([], value, "f32"), x.dtype));
}

/** Padding with elements of the axis itself, as slices put beside it: its gradient is cheap, too. */
function padWithOwn(
  x: GraphNode,
  axis: number,
  [before, after]: PadWidth,
  mode: "reflect" | "replicate" | "circular",
): GraphNode {
  if (before === 0 && after === 0) return x;
  const n = dim(x.shape, axis);
  const most = mode === "reflect" ? n - 1 : mode === "circular" ? n : n > 0 ? Infinity : 0;
  if (before < 0 || after < 0 || before > most || after > most) {
    throw shapeError({
      problem: `axis ${axis} is too short for mode "${mode}"`,
      got: { x, width: [before, after] },
      need: `widths of 0 to ${most}`,
    });
  }
  const part = (start: number, size: number): GraphNode => {
    if (mode === "circular") return ops.slice(x, axis, start, size);
    if (mode === "reflect") return ops.flip(ops.slice(x, axis, start, size), axis);
    return ops.broadcastTo(ops.slice(x, axis, start, 1), replaceAxis(x.shape, axis, size));
  };
  const starts = {
    reflect: [1, n - 1 - after],
    replicate: [0, n - 1],
    circular: [n - before, 0],
  }[mode] as [number, number];
  const parts = [x];
  if (before > 0) parts.unshift(part(starts[0], before));
  if (after > 0) parts.push(part(starts[1], after));
  return ops.concat(parts, axis);
}
