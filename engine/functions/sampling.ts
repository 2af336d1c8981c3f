import { axisError, shapeError } from "../core/errors.ts";
import { dim, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { abs, floor, fmod, round } from "./elementwise.ts";
import { matmul } from "./linear.ts";
import { stack } from "./shape.ts";

const o = ops;

export interface GridSampleOptions {
  mode?: "bilinear" | "nearest" | "bicubic";
  /** What lies outside: zeros, the nearest element of the edge, or the mirror image. */
  paddingMode?: "zeros" | "border" | "reflection";
  /** Whether -1 and 1 are the centres of the first and last elements, and not their outer edges. */
  alignCorners?: boolean;
}

/** An element that counts, as a whole number held as a float, and how much it counts. */
interface Tap {
  readonly at: GraphNode;
  readonly weight: GraphNode | null;
}

const clamped = (x: GraphNode, last: number): GraphNode =>
  o.where(o.less(x, 0), 0, o.where(o.greater(x, last), last, x));

/** Positions outside of an axis brought inside, as the mode of padding has it. */
function broughtInside(x: GraphNode, n: number, options: GridSampleOptions): GraphNode {
  if (options.paddingMode === "border") return clamped(x, n - 1);
  if (options.paddingMode !== "reflection") return x;
  const first = options.alignCorners ? 0 : -0.5;
  const span = options.alignCorners ? n - 1 : n;
  if (span === 0) return o.mul(x, 0);
  const distance = abs(o.sub(x, first));
  const rest = fmod(distance, span);
  const turned = o.equal(fmod(floor(o.mul(distance, 1 / span)), 2), 1);
  return clamped(
    o.add(o.where(turned, o.sub(o.full(rest.shape, span, rest.dtype), rest), rest), first),
    n - 1,
  );
}

/** Keys' cubic kernel with a = -0.75, at a distance of at most 1 or of 1 to 2. */
const near = (d: GraphNode): GraphNode => o.add(o.mul(o.mul(o.sub(o.mul(d, 1.25), 2.25), d), d), 1);
const far = (d: GraphNode): GraphNode => o.mul(o.sub(o.mul(o.add(o.mul(o.sub(d, 5), d), 8), d), 4), -0.75);

/** The elements of an axis of size n that count at the positions of one coordinate, -1 to 1 over the axis. */
function tapsOf(coordinate: GraphNode, n: number, options: GridSampleOptions): Tap[] {
  const { mode = "bilinear", alignCorners = false } = options;
  const scale = alignCorners ? (n - 1) / 2 : n / 2;
  const free = o.add(o.mul(coordinate, scale), (n - 1) / 2);
  if (mode === "bicubic") {
    const below = floor(free);
    const t = o.sub(free, below);
    const rest = o.sub(o.full(t.shape, 1, t.dtype), t);
    const weights = [far(o.add(t, 1)), near(t), near(rest), far(o.add(rest, 1))];
    return weights.map((weight, k) => ({ at: broughtInside(o.add(below, k - 1), n, options), weight }));
  }
  const x = broughtInside(free, n, options);
  if (mode === "nearest") return [{ at: round(x), weight: null }];
  const below = floor(x);
  const t = o.sub(x, below);
  return [
    { at: below, weight: o.sub(o.full(t.shape, 1, t.dtype), t) },
    { at: o.add(below, 1), weight: t },
  ];
}

export const gridSample = define(
  "gridSample",
  (x: GraphNode, grid: GraphNode, options: GridSampleOptions = {}): GraphNode => {
    const [batch = 0, channels = 0, ...space] = x.shape;
    const rank = space.length;
    const fits = rank >= 2 && rank <= 3 && grid.shape.length === rank + 2 && sizeOf(space) > 0;
    if (!fits || grid.shape[0] !== batch || grid.shape[rank + 1] !== rank) {
      throw shapeError({
        problem: "x and grid do not fit",
        got: { x, grid },
        need: "x [B, C, H, W] and grid [B, .., .., 2], or x [B, C, D, H, W] and grid [B, .., .., .., 3]",
      });
    }
    if (options.mode === "bicubic" && rank !== 2)
      throw axisError({ problem: 'mode "bicubic" is for two axes', got: { x } });
    const places = grid.shape.slice(1, -1);
    const count = sizeOf(places);
    const flat = o.reshape(x, [batch, channels, sizeOf(space)]);
    const whole = [batch, channels, count];
    // The last coordinate is that of the first axis of space.
    const taps = space.map((n, i) => {
      const coordinate = o.slice(grid, rank + 1, rank - 1 - i, 1);
      return tapsOf(o.reshape(coordinate, [batch, 1, count]), n, options);
    });
    let sum: GraphNode | null = null;
    const visit = (
      axis: number,
      at: GraphNode | null,
      inside: GraphNode | null,
      weight: GraphNode | null,
    ): void => {
      if (axis === rank) {
        const index = o.broadcastTo(o.cast(o.where(inside as GraphNode, at as GraphNode, 0), "i32"), whole);
        const value = o.where(o.broadcastTo(inside as GraphNode, whole), o.gather(flat, index, 2), 0);
        const part = weight ? o.mul(value, weight) : value;
        sum = sum ? o.add(sum, part) : part;
        return;
      }
      const n = dim(space, axis);
      for (const tap of taps[axis] as Tap[]) {
        const here = o.and(o.greater(tap.at, -1), o.less(tap.at, n));
        visit(
          axis + 1,
          at ? o.add(o.mul(at, n), tap.at) : tap.at,
          inside ? o.and(inside, here) : here,
          weight && tap.weight ? o.mul(weight, tap.weight) : (tap.weight ?? weight),
        );
      }
    };
    visit(0, null, null, null);
    return o.reshape(sum as unknown as GraphNode, [batch, channels, ...places]);
  },
);

export const affineGrid = define(
  "affineGrid",
  (theta: GraphNode, size: readonly number[], options: { alignCorners?: boolean } = {}): GraphNode => {
    const [batch = 0, , ...space] = size;
    const rank = space.length;
    if (theta.shape.join() !== [batch, rank, rank + 1].join()) {
      throw shapeError({
        problem: "theta does not fit the size",
        got: { theta, size },
        need: `theta [${batch}, ${rank}, ${rank + 1}]`,
      });
    }
    const axes = space.map((n, i) => {
      const at = o.cast(o.iota(space, i), "f32");
      const step = options.alignCorners ? 2 / Math.max(1, n - 1) : 2 / n;
      return n === 1 ? o.mul(at, 0) : o.sub(o.mul(at, step), options.alignCorners ? 1 : 1 - 1 / n);
    });
    const base = stack([...axes.reverse(), o.full(space, 1, "f32")], { axis: -1 });
    const rows = o.reshape(base, [1, sizeOf(space), rank + 1]);
    return o.reshape(matmul(rows, o.permute(theta, [0, 2, 1])), [batch, ...space, rank]);
  },
);

export interface LocalResponseOptions {
  /** Channels that count for each one. */
  size: number;
  alpha?: number;
  beta?: number;
  k?: number;
}

export const localResponseNorm = define(
  "localResponseNorm",
  (x: GraphNode, { size, alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseOptions): GraphNode => {
    if (x.shape.length < 3) throw shapeError({ problem: "no channels", got: { x }, need: "[B, C, ..]" });
    if (!Number.isInteger(size) || size < 1)
      throw axisError({
        problem: `no window of ${size} channels`,
        need: "an integer above 0",
      });
    const squares = o.mul(x, x);
    const before = Math.floor(size / 2);
    let sum: GraphNode = squares;
    for (let i = -before; i < size - before; i++) if (i !== 0) sum = o.add(sum, o.pad(squares, 1, -i, i));
    return o.div(x, o.pow(o.add(o.mul(sum, alpha / size), k), beta));
  },
);

/** [B, C r^2, H, W] to [B, C, H r, W r]. */
export const pixelShuffle = define("pixelShuffle", (x: GraphNode, factor: number): GraphNode => {
  const [batch = 0, channels = 0, h = 0, w = 0] = x.shape;
  checkFactor(x, factor, channels % factor ** 2 === 0);
  const c = channels / factor ** 2;
  const apart = o.reshape(x, [batch, c, factor, factor, h, w]);
  return o.reshape(o.permute(apart, [0, 1, 4, 2, 5, 3]), [batch, c, h * factor, w * factor]);
});

/** [B, C, H r, W r] to [B, C r^2, H, W]. */
export const pixelUnshuffle = define("pixelUnshuffle", (x: GraphNode, factor: number): GraphNode => {
  const [batch = 0, c = 0, height = 0, width = 0] = x.shape;
  checkFactor(x, factor, height % factor === 0 && width % factor === 0);
  const [h, w] = [height / factor, width / factor];
  const apart = o.reshape(x, [batch, c, h, factor, w, factor]);
  return o.reshape(o.permute(apart, [0, 1, 3, 5, 2, 4]), [batch, c * factor ** 2, h, w]);
});

function checkFactor(x: GraphNode, factor: number, divides: boolean): void {
  if (x.shape.length === 4 && Number.isInteger(factor) && factor > 0 && divides) return;
  throw shapeError({
    problem: `no factor ${factor}`,
    got: { x },
    need: "[B, C, H, W] that it divides",
  });
}
