import { shapeError } from "../core/errors.ts";
import { dim, dropAxes, otherAxes, sizeAlong, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { later } from "../ir/on-host.ts";
import {
  type GraphOps,
  notDifferentiable,
  type Primitive,
  type ReduceKind,
  type Vjp,
} from "../ir/primitive.ts";
import { numeric, sameDType } from "./elementwise.ts";
import { shiftedByOne } from "./scan.ts";

// Reductions keep their axes with size 1: then a row's statistics broadcast back by a plain `expand`, which is the
// pattern that fusion looks for.

export interface ReduceParams {
  readonly axes: readonly number[];
}

function reduction(name: string, combine: ReduceKind, vjp: Vjp<ReduceParams>): Primitive<ReduceParams> {
  const indices = combine === "argmax" || combine === "argmin";
  return {
    name,
    dtype: indices ? () => "i32" : combine === "sum" || combine === "prod" ? numeric : sameDType,
    shape: ([x], { axes }) => {
      if (
        combine !== "sum" &&
        combine !== "prod" &&
        axes.some((a) => x!.shape[a] === 0) &&
        sizeOf(dropAxes(x!.shape, axes, true)) > 0
      ) {
        throw shapeError({
          problem: "nothing to choose from",
          got: { x: x! },
          need: "axes of size 1 or more",
        });
      }
      return dropAxes(x!.shape, axes, true);
    },
    vjp,
    reference: later(name),
    lower: { kind: "reduce", combine },
  };
}

const spread = (ct: GraphNode, x: GraphNode, o: GraphOps): GraphNode => o.broadcastTo(ct, x.shape);

export const sum = reduction("sum", "sum", ({ ct, ins: [x] }, o) => [spread(ct, x!, o)]);

/** The gradient multiplies the other factors, from the left and from the right, so zeros are no trouble. */
export const prod = reduction("prod", "prod", ({ ct, ins: [x], params: { axes } }, o) => {
  // All reduced axes as one last axis, exclusive products from both sides, and back.
  const kept = otherAxes(x!.shape.length, axes);
  const order = [...kept, ...axes];
  const length = sizeAlong(x!.shape, axes);
  if (length === 0) return [o.zerosLike(x!)];
  const keptShape = kept.map((i) => dim(x!.shape, i));
  const rows = o.reshape(o.permute(x!, order), [...keptShape, length]);
  const last = kept.length;
  const before = (reverse: boolean) => shiftedByOne(o.scan(rows, last, "prod", reverse), last, 1, reverse, o);
  const others = o.mul(before(false), before(true));
  const shaped = o.permute(
    o.reshape(
      others,
      order.map((i) => dim(x!.shape, i)),
    ),
    order.map((_, i) => order.indexOf(i)),
  );
  return [o.mul(spread(ct, x!, o), shaped)];
});

/** Ties share the gradient evenly. */
const sharedAmongTies: Vjp<ReduceParams> = ({ ct, ins: [x], out, params: { axes } }, o) => {
  const hit = o.cast(o.equal(x!, spread(out, x!, o)), ct.dtype);
  return [o.mul(hit, spread(o.div(ct, o.sum(hit, axes)), x!, o))];
};

/** NaN wins. */
export const max = reduction("max", "max", sharedAmongTies);
export const min = reduction("min", "min", sharedAmongTies);

/** Row-major position within the reduced axes; the first of equals, and the first NaN before all numbers. */
export const argmax = reduction("argmax", "argmax", notDifferentiable("returns indices"));
export const argmin = reduction("argmin", "argmin", notDifferentiable("returns indices"));
