import { axisError, shapeError } from "../core/errors.ts";
import {
  broadcastShapes,
  dim,
  listOf,
  normalizeAxes,
  normalizeAxis,
  otherAxes,
  replaceAxis,
  type Shape,
  shapesEqual,
  sizeOf,
  withAxis,
  withoutAxis,
} from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { broadcastNode, ops, reshapeTo } from "../ops/build.ts";
import { sameAxis } from "../ops/movement.ts";
import { checkMatrix } from "./creation.ts";
import { define, method } from "./define.ts";
import { toCommonDType, toNumber } from "./promotion.ts";

/** The same values in row-major order under another shape; one size may be -1. */
export const reshape = method("reshape", (x: GraphNode, shape: Shape): GraphNode => {
  const open = shape.indexOf(-1);
  if (open < 0) return reshapeTo(x, shape);
  const rest = sizeOf(withoutAxis(shape, open));
  const size = sizeOf(x.shape) / rest;
  if (shape.includes(-1, open + 1) || rest === 0 || !Number.isInteger(size)) {
    throw shapeError({
      problem: "-1 stands for no size",
      got: { x, shape },
      need: "one -1, and the other sizes dividing the number of elements",
    });
  }
  return reshapeTo(x, replaceAxis(shape, open, size));
});

/** Axis i of the result is axis axes[i] of x. */
export const permute = method("permute", (x: GraphNode, axes: readonly number[]): GraphNode => {
  const order = axes.map((a) => normalizeAxis(a, x.shape.length));
  if (normalizeAxes(order, x.shape.length).length !== x.shape.length) {
    throw axisError({ problem: "not every axis is named", got: { x, axes } });
  }
  return ops.permute(x, order);
});

const swapped = (x: GraphNode, a: number, b: number) => {
  const [i, j] = [normalizeAxis(a, x.shape.length), normalizeAxis(b, x.shape.length)];
  return ops.permute(
    x,
    x.shape.map((_, k) => (k === i ? j : k === j ? i : k)),
  );
};

/** Two axes, by default the last two, in each other's place. */
export const transpose = method("transpose", (x: GraphNode, a: number = -2, b: number = -1) =>
  swapped(x, a, b),
);

/** Two axes in each other's place. */
export const swapAxes = method("swapAxes", swapped);

/** Axes moved to other places; the rest keep their order. */
export const moveAxis = method(
  "moveAxis",
  (x: GraphNode, source: number | readonly number[], destination: number | readonly number[]): GraphNode => {
    const rank = x.shape.length;
    const list = (axes: number | readonly number[]) => listOf(axes).map((a) => normalizeAxis(a, rank));
    const [from, to] = [list(source), list(destination)];
    if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length) {
      throw axisError({
        problem: "axes do not pair up",
        got: { source: from, destination: to },
        need: "two lists of one length without repeats",
      });
    }
    const rest = otherAxes(rank, from);
    return ops.permute(
      x,
      x.shape.map((_, i) => (to.includes(i) ? (from[to.indexOf(i)] as number) : (rest.shift() as number))),
    );
  },
);

const broadcast = (x: GraphNode, shape: Shape) => {
  const target =
    shape.length >= x.shape.length
      ? shape.map((n, i) => (n === -1 ? (x.shape[i - shape.length + x.shape.length] ?? n) : n))
      : shape;
  const result = broadcastShapes(x.shape, target);
  if (!shapesEqual(result, target)) {
    throw shapeError({
      problem: "only axes of size 1 can grow",
      got: { x, shape },
      need: "a shape that x broadcasts to",
    });
  }
  return broadcastNode(x, target);
};

/** Axes of size 1 repeated, and axes put in front, up to a shape; -1 keeps a size. */
export const broadcastTo = method("broadcastTo", broadcast);

/** Axes of size 1 repeated, and axes put in front, up to a shape; -1 keeps a size. */
export const expand = method("expand", broadcast);

export const broadcastArrays = define("broadcastArrays", (xs: readonly GraphNode[]): GraphNode[] => {
  const shape = broadcastShapes(...xs.map((x) => x.shape));
  return xs.map((x) => broadcastNode(x, shape));
});

const insertAxes = (x: GraphNode, axis: number | readonly number[]) => {
  const rank = x.shape.length + (typeof axis === "number" ? 1 : axis.length);
  const axes = normalizeAxes(axis, rank);
  return reshapeTo(
    x,
    axes.reduce<number[]>((shape, a) => withAxis(shape, a, 1), [...x.shape]),
  );
};

/** Axes of size 1 put in; `axis` counts in the result. */
export const expandDims = method("expandDims", insertAxes);

/** Axes of size 1 put in; `axis` counts in the result. */
export const unsqueeze = method("unsqueeze", insertAxes);

/** Axes of size 1 left out: all of them, or those named. */
export const squeeze = method("squeeze", (x: GraphNode, axis?: number | readonly number[]): GraphNode => {
  if (axis === undefined)
    return reshapeTo(
      x,
      x.shape.filter((n) => n !== 1),
    );
  const axes = normalizeAxes(axis, x.shape.length);
  const wide = axes.find((a) => x.shape[a] !== 1);
  if (wide !== undefined) throw shapeError({ problem: `axis ${wide} is not of size 1`, got: { x } });
  return reshapeTo(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
});

/** Axes start to end, both included, as one. */
export const flatten = method("flatten", (x: GraphNode, start: number = 0, end: number = -1): GraphNode => {
  if (x.shape.length === 0) return reshapeTo(x, [1]);
  const rank = x.shape.length;
  const [from, to] = [normalizeAxis(start, rank), normalizeAxis(end, rank)];
  if (from > to) throw axisError({ problem: "start comes after end", got: { start, end } });
  return reshapeTo(x, [
    ...x.shape.slice(0, from),
    sizeOf(x.shape.slice(from, to + 1)),
    ...x.shape.slice(to + 1),
  ]);
});

function checkSome(xs: readonly GraphNode[]): void {
  if (xs.length === 0) throw shapeError({ problem: "no tensors", need: "at least one" });
}

export const concat = define("concat", (xs: readonly GraphNode[], options: { axis?: number } = {}) => {
  checkSome(xs);
  const rank = (xs[0] as GraphNode).shape.length;
  const other = xs.find((x) => x.shape.length !== rank);
  if (other) throw shapeError({ problem: "ranks differ", got: { first: xs[0]!, other } });
  return ops.concat(toCommonDType(xs), normalizeAxis(options.axis ?? 0, rank));
});

export const stack = define("stack", (xs: readonly GraphNode[], options: { axis?: number } = {}) => {
  checkSome(xs);
  const shape = (xs[0] as GraphNode).shape;
  const other = xs.find((x) => !shapesEqual(x.shape, shape));
  if (other) throw shapeError({ problem: "shapes differ", got: { first: xs[0]!, other } });
  const axis = normalizeAxis(options.axis ?? 0, shape.length + 1);
  return ops.concat(
    toCommonDType(xs).map((x) => reshapeTo(x, withAxis(shape, axis, 1))),
    axis,
  );
});

/** Pieces along an axis, of the sizes given, or a number of equal ones. */
export const split = method(
  "split",
  (x: GraphNode, sizes: number | readonly number[], options: { axis?: number } = {}): GraphNode[] => {
    const axis = normalizeAxis(options.axis ?? 0, x.shape.length);
    const n = dim(x.shape, axis);
    const list =
      typeof sizes === "number"
        ? Array.from({ length: Number.isInteger(sizes) && sizes > 0 ? sizes : 0 }, () => n / sizes)
        : sizes;
    const total = list.reduce((a, b) => a + b, 0);
    if (list.some((s) => !Number.isInteger(s) || s < 0) || total !== n || (list.length === 0 && n === 0)) {
      throw shapeError({
        problem: `axis ${axis} of size ${n} does not divide like this`,
        got: { x, sizes },
        need: "sizes that add up to it, or a number that divides it",
        hint: "chunk()",
      });
    }
    let start = 0;
    return list.map((length) => {
      start += length;
      return ops.slice(x, axis, start - length, length);
    });
  },
);

/** At most `count` pieces along an axis, of one size but for the last, which may be smaller. */
export const chunk = method(
  "chunk",
  (x: GraphNode, count: number, options: { axis?: number } = {}): GraphNode[] => {
    const axis = normalizeAxis(options.axis ?? 0, x.shape.length);
    if (!Number.isInteger(count) || count < 1)
      throw axisError({
        problem: `${count} is no number of pieces`,
        need: "a positive integer",
      });
    const n = dim(x.shape, axis);
    const size = Math.max(1, Math.ceil(n / count));
    return Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, i) =>
      ops.slice(x, axis, i * size, Math.min(size, n - i * size)),
    );
  },
);

/** The slices along an axis, without it. */
export const unstack = method("unstack", (x: GraphNode, options: { axis?: number } = {}): GraphNode[] => {
  const axis = normalizeAxis(options.axis ?? 0, x.shape.length);
  return Array.from({ length: dim(x.shape, axis) }, (_, i) =>
    reshapeTo(ops.slice(x, axis, i, 1), withoutAxis(x.shape, axis)),
  );
});

/** The order along axes, by default all of them, turned round. */
export const flip = method(
  "flip",
  (x: GraphNode, axis?: number | readonly number[]): GraphNode =>
    normalizeAxes(axis, x.shape.length).reduce((y, a) => ops.flip(y, a), x),
);

/** Elements moved along axes; those pushed over the end come in at the start. Without axes, x counts as flat. */
export const roll = method(
  "roll",
  (
    x: GraphNode,
    shift: number | readonly number[],
    options: { axis?: number | readonly number[] } = {},
  ): GraphNode => {
    if (options.axis === undefined) {
      const total = Array.isArray(shift) ? shift.reduce((a, b) => a + b, 0) : (shift as number);
      return reshapeTo(rollAxis(reshapeTo(x, [sizeOf(x.shape)]), total, 0), x.shape);
    }
    const axes = typeof options.axis === "number" ? [options.axis] : options.axis;
    const shifts = typeof shift === "number" ? axes.map(() => shift) : shift;
    if (shifts.length !== axes.length)
      throw axisError({ problem: "not one shift for each axis", got: { shift: shifts, axes } });
    return axes.reduce((y, a, i) => rollAxis(y, shifts[i] as number, normalizeAxis(a, x.shape.length)), x);
  },
);

function rollAxis(x: GraphNode, shift: number, axis: number): GraphNode {
  if (!Number.isInteger(shift)) throw axisError({ problem: `${shift} is no shift`, need: "an integer" });
  const n = dim(x.shape, axis);
  const by = n === 0 ? 0 : ((shift % n) + n) % n;
  if (by === 0) return x;
  return ops.concat([ops.slice(x, axis, n - by, by), ops.slice(x, axis, 0, n - by)], axis);
}

/** Differences of neighbours along an axis, `n` times over. */
export const diff = method("diff", (x: GraphNode, options: { n?: number; axis?: number } = {}): GraphNode => {
  const { n = 1 } = options;
  const axis = normalizeAxis(options.axis ?? -1, x.shape.length);
  if (!Number.isInteger(n) || n < 0)
    throw axisError({ problem: `${n} times`, need: "a non-negative integer" });
  let y = toNumber(x);
  for (let i = 0; i < n; i++) {
    const length = Math.max(0, dim(y.shape, axis) - 1);
    y = ops.sub(ops.slice(y, axis, Math.min(1, dim(y.shape, axis)), length), ops.slice(y, axis, 0, length));
  }
  return y;
});

function checkRepeats(repeats: readonly number[]): void {
  const bad = repeats.find((n) => !Number.isInteger(n) || n < 0);
  if (bad !== undefined)
    throw axisError({ problem: `cannot repeat ${bad} times`, need: "a non-negative integer" });
}

/** The whole tensor again and again along its axes; missing counts are 1, further ones put axes in front. */
export const tile = method("tile", (x: GraphNode, repeats: number | readonly number[]): GraphNode => {
  const list = listOf(repeats);
  checkRepeats(list);
  const rank = Math.max(list.length, x.shape.length);
  const fill = (xs: readonly number[]) => [...new Array<number>(rank - xs.length).fill(1), ...xs];
  const [times, sizes] = [fill(list), fill(x.shape)];
  const apart = sizes.flatMap((n) => [1, n]);
  const wide = sizes.flatMap((n, i) => [times[i] as number, n]);
  return reshapeTo(
    broadcastNode(reshapeTo(x, apart), wide),
    sizes.map((n, i) => n * (times[i] as number)),
  );
});

/** Each element again and again along an axis; without one, x counts as flat. */
export const repeat = method(
  "repeat",
  (x: GraphNode, repeats: number, options: { axis?: number } = {}): GraphNode => {
    checkRepeats([repeats]);
    const y = options.axis === undefined ? reshapeTo(x, [sizeOf(x.shape)]) : x;
    const axis = normalizeAxis(options.axis ?? 0, y.shape.length);
    const wide = broadcastNode(
      reshapeTo(y, withAxis(y.shape, axis + 1, 1)),
      withAxis(y.shape, axis + 1, repeats),
    );
    return reshapeTo(wide, replaceAxis(y.shape, axis, dim(y.shape, axis) * repeats));
  },
);

export interface DiagonalOptions {
  offset?: number;
  axis1?: number;
  axis2?: number;
}

/** The diagonals of matrices in two axes, as a new last axis. */
export const diagonal = method("diagonal", (x: GraphNode, options: DiagonalOptions = {}): GraphNode => {
  const { offset = 0, axis1 = -2, axis2 = -1 } = options;
  const rank = x.shape.length;
  checkMatrix(x);
  if (!Number.isInteger(offset)) throw axisError({ problem: `${offset} is no diagonal` });
  const [r, c] = [normalizeAxis(axis1, rank), normalizeAxis(axis2, rank)];
  if (r === c) throw axisError({ problem: "an axis is named twice", got: { axis1, axis2 } });
  const kept = otherAxes(rank, [r, c]);
  const y = ops.permute(x, [...kept, r, c]);
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(dim(x.shape, r) - row, dim(x.shape, c) - column));
  const batch = kept.map((a) => dim(x.shape, a));
  const rows = ops.slice(y, rank - 2, Math.min(row, dim(x.shape, r)), length);
  // The column goes along with the row: a view with a skew.
  const view = ops.affineView(rows, [
    ...[...batch, length].map(sameAxis),
    { ...sameAxis(1), constant: column, skew: 1, skewAxis: rank - 2 },
  ]);
  return reshapeTo(view, [...batch, length]);
});

/** The sum of the diagonal. */
export const trace = method("trace", (x: GraphNode, options: DiagonalOptions = {}): GraphNode => {
  const line = toNumber(diagonal(x, options));
  return reshapeTo(ops.sum(line, [line.shape.length - 1]), line.shape.slice(0, -1));
});
