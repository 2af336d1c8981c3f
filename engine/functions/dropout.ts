import { axisError, shapeError } from "../core/errors.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define } from "./define.ts";
import { uniform } from "./random.ts";

const o = ops;

export interface DropoutOptions {
  /** Share of what is dropped. */
  p?: number;
  /** Random key, u32[2]. */
  key: GraphNode;
  /** Without it nothing is dropped. */
  training?: boolean;
}

export function checkShare(p: number): void {
  if (p >= 0 && p <= 1) return;
  throw axisError({ problem: `p is ${p}`, need: "a share from 0 to 1" });
}

/** Where a value is kept: with probability 1 - p, decided by its number in `shape`, so the mask is never stored. */
export const kept = (key: GraphNode, p: number, shape: readonly number[]): GraphNode =>
  o.not(o.less(uniform(key, shape), p));

function dropped(x: GraphNode, shape: readonly number[], options: DropoutOptions): GraphNode {
  const { p = 0.5, key, training = true } = options;
  checkShare(p);
  if (!training || p === 0) return x;
  if (p === 1) return o.zerosLike(x);
  return o.where(o.broadcastTo(kept(key, p, shape), x.shape), o.mul(x, 1 / (1 - p)), 0);
}

export const dropout = define(
  "dropout",
  (x: GraphNode, options: DropoutOptions): GraphNode => dropped(x, x.shape, options),
);

const channelDropout = (rank: number) => {
  const op = `dropout${rank}d`;
  return define(op, (x: GraphNode, options: DropoutOptions): GraphNode => {
    if (x.shape.length !== rank + 2)
      throw shapeError({ problem: `x does not have ${rank} spatial axes`, got: { x } });
    return dropped(
      x,
      x.shape.map((n, i) => (i < 2 ? n : 1)),
      options,
    );
  });
};

export const dropout1d = channelDropout(1);
export const dropout2d = channelDropout(2);
export const dropout3d = channelDropout(3);

/** What SELU tends to far below 0. */
const SELU_FLOOR = -1.7580993408473766;

export const alphaDropout = define("alphaDropout", (x: GraphNode, options: DropoutOptions): GraphNode => {
  const { p = 0.5, key, training = true } = options;
  checkShare(p);
  if (!training || p === 0) return x;
  if (p === 1) return o.zerosLike(x);
  // Scale and shift that bring mean and variance back to 0 and 1.
  const scale = 1 / Math.sqrt((1 - p) * (1 + p * SELU_FLOOR ** 2));
  const y = o.where(kept(key, p, x.shape), x, SELU_FLOOR);
  return o.add(o.mul(y, scale), -scale * p * SELU_FLOOR);
});
