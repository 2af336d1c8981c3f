import { isFloat } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { dim, dropAxes, sizeOf, stridesOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import {
  type GraphOps,
  type HostTensor,
  notDifferentiable,
  type Primitive,
  type ReduceKind,
  type Vjp,
} from "../ir/primitive.ts";
import { numeric, sameDType, toDType } from "./elementwise.ts";
import { eachPosition } from "./host-loops.ts";

// Reductions keep their axes with size 1: then a row's statistics broadcast back by a plain `expand`, which is the
// pattern that fusion looks for.

export interface ReduceParams {
  readonly axes: readonly number[];
}

type Fold = (values: readonly number[]) => number;

function reduction(
  name: string,
  combine: ReduceKind,
  fold: Fold,
  vjp: Vjp<ReduceParams>,
): Primitive<ReduceParams> {
  const indices = combine === "argmax" || combine === "argmin";
  return {
    name,
    dtype: indices ? () => "i32" : combine === "sum" || combine === "prod" ? numeric(name) : sameDType,
    shape: ([x], { axes }) => {
      if (
        combine !== "sum" &&
        combine !== "prod" &&
        axes.some((a) => x!.shape[a] === 0) &&
        sizeOf(dropAxes(x!.shape, axes, true)) > 0
      ) {
        throw new ShapeError(name, {
          problem: "nothing to choose from",
          got: { x: x! },
          need: "axes of size 1 or more",
        });
      }
      return dropAxes(x!.shape, axes, true);
    },
    vjp,
    reference: ([x], { axes }, out) =>
      foldOnHost(x as HostTensor, axes, (row) => toDType(fold(row), out.dtype)),
    lower: { kind: "reduce", combine },
  };
}

function foldOnHost(x: HostTensor, axes: readonly number[], fold: Fold): Float64Array {
  const shape = dropAxes(x.shape, axes, true);
  const rows = Array.from({ length: sizeOf(shape) }, () => [] as number[]);
  const strides = stridesOf(shape);
  eachPosition(x.shape, (p, i) => {
    const row = p.reduce((sum, n, a) => sum + (axes.includes(a) ? 0 : n * (strides[a] as number)), 0);
    (rows[row] as number[]).push(x.data[i] as number);
  });
  return Float64Array.from(rows, fold);
}

const spread = (ct: GraphNode, x: GraphNode, o: GraphOps): GraphNode => o.broadcastTo(ct, x.shape);

export const sum = reduction(
  "sum",
  "sum",
  (row) => row.reduce((a, b) => a + b, 0),
  ({ ct, ins: [x] }, o) => [spread(ct, x!, o)],
);

/** The gradient multiplies the other factors, from the left and from the right, so zeros are no trouble. */
export const prod = reduction(
  "prod",
  "prod",
  (row) => row.reduce((a, b) => a * b, 1),
  ({ ct, ins: [x], params: { axes } }, o) => {
    // All reduced axes as one last axis, exclusive products from both sides, and back.
    const kept = x!.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const order = [...kept, ...axes];
    const length = axes.reduce((n, a) => n * dim(x!.shape, a), 1);
    if (length === 0) return [o.zerosLike(x!)];
    const keptShape = kept.map((i) => dim(x!.shape, i));
    const rows = o.reshape(o.permute(x!, order), [...keptShape, length]);
    const last = kept.length;
    const one = o.full([...keptShape, 1], 1, x!.dtype);
    const shifted = (y: GraphNode, reverse: boolean): GraphNode => {
      const running = o.scan(y, last, "prod", reverse);
      return reverse
        ? o.concat([o.slice(running, last, 1, length - 1), one], last)
        : o.concat([one, o.slice(running, last, 0, length - 1)], last);
    };
    const others = o.mul(shifted(rows, false), shifted(rows, true));
    const shaped = o.permute(
      o.reshape(
        others,
        order.map((i) => dim(x!.shape, i)),
      ),
      order.map((_, i) => order.indexOf(i)),
    );
    return [o.mul(spread(ct, x!, o), shaped)];
  },
);

/** Ties share the gradient evenly. */
const sharedAmongTies: Vjp<ReduceParams> = ({ ct, ins: [x], out, params: { axes } }, o) => {
  const hit = o.cast(o.equal(x!, spread(out, x!, o)), ct.dtype);
  return [o.mul(hit, spread(o.div(ct, o.sum(hit, axes)), x!, o))];
};

const pick =
  (better: (a: number, b: number) => boolean) =>
  (row: readonly number[]): number => {
    let best = 0;
    for (let i = 1; i < row.length; i++) {
      const a = row[i] as number;
      const b = row[best] as number;
      if (!Number.isNaN(b) && (Number.isNaN(a) || better(a, b))) best = i;
    }
    return best;
  };
const largest = pick((a, b) => a > b);
const smallest = pick((a, b) => a < b);

/** NaN wins. */
export const max = reduction("max", "max", (row) => row[largest(row)] as number, sharedAmongTies);
export const min = reduction("min", "min", (row) => row[smallest(row)] as number, sharedAmongTies);

/** Row-major position within the reduced axes; the first of equals, and the first NaN before all numbers. */
export const argmax = reduction("argmax", "argmax", largest, notDifferentiable("returns indices"));
export const argmin = reduction("argmin", "argmin", smallest, notDifferentiable("returns indices"));

export const isFloatReduction = (x: GraphNode): boolean => isFloat(x.dtype);
