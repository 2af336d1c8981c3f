import { shapeError } from "../core/errors.ts";
import { dim, range } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { AxisMap } from "../ir/primitive.ts";
import { ops } from "../ops/build.ts";
import { sameAxis } from "../ops/movement.ts";

// Sliding windows over the spatial axes of [B, C, ...space]: what pooling and unfold share.

export interface WindowOptions {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Before the first element; what lies outside reads 0. */
  readonly padding: readonly number[];
  /** Positions of the window along each axis. */
  readonly positions: readonly number[];
}

const windowAxis = (w: WindowOptions, i: number, tapAxis: number): AxisMap => ({
  factor: w.stride[i] as number,
  divisor: 1,
  constant: -(w.padding[i] as number) + 0,
  skew: w.dilation[i] as number,
  skewAxis: tapAxis,
  size: w.positions[i] as number,
});

/** [B, C, ...space] as [B, C, ...positions, ...kernel], without a copy. */
export function slidingWindows(x: GraphNode, w: WindowOptions): GraphNode {
  const [batch = 0, channels = 0, ...space] = x.shape;
  const rank = space.length;
  const spread = ops.broadcastTo(ops.reshape(x, [...x.shape, ...w.kernel.map(() => 1)]), [
    ...x.shape,
    ...w.kernel,
  ]);
  return ops.affineView(spread, [
    sameAxis(batch),
    sameAxis(channels),
    ...space.map((_, i) => windowAxis(w, i, 2 + rank + i)),
    ...w.kernel.map(sameAxis),
  ]);
}

/** The adjoint: [B, C, ...positions, ...kernel] summed where windows of [B, C, ...space] overlap. */
export function overlapAdd(windows: GraphNode, w: WindowOptions, space: readonly number[]): GraphNode {
  const rank = space.length;
  const [batch = 0, channels = 0] = windows.shape;
  const spread = ops.affineView(windows, [
    sameAxis(batch),
    sameAxis(channels),
    ...space.map((n, i): AxisMap => {
      const a = windowAxis(w, i, 2 + rank + i);
      return { ...a, factor: 1, divisor: a.factor, constant: -a.constant + 0, skew: -a.skew, size: n };
    }),
    ...w.kernel.map(sameAxis),
  ]);
  return ops.reshape(
    ops.sum(
      spread,
      range(rank).map((i) => 2 + rank + i),
    ),
    [batch, channels, ...space],
  );
}

/** Windows that fit into `n` elements with padding on both sides. */
export const windowCount = (
  n: number,
  k: number,
  stride: number,
  dilation: number,
  padding: number,
): number => Math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;

/** Refuses windows that fit nowhere. */
export function checkPositions(x: GraphNode, w: WindowOptions): void {
  if (w.positions.every((n) => n > 0)) return;
  throw shapeError({
    problem: "the window is larger than the padded input",
    got: { x, kernel: w.kernel, padding: w.padding, dilation: w.dilation },
    need: `spatial axes of at least ${w.kernel.map((k, i) => dim(w.dilation, i) * (k - 1) + 1 - 2 * dim(w.padding, i))}`,
  });
}
