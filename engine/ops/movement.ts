import { scalarType } from "../../kernels/scalar/builder.ts";
import { constantIndex, type IndexExpr } from "../../kernels/scalar/index-algebra.ts";
import { dtypeError, shapeError } from "../core/errors.ts";
import { dim, dropAxes, shapesEqual, sizeOf } from "../core/shape.ts";
import type { Aval } from "../ir/node.ts";
import { later } from "../ir/on-host.ts";
import type { AxisMap, InlineContext, Primitive } from "../ir/primitive.ts";
import { sameDType } from "./elementwise.ts";

// Views compute positions and move no data: a consumer reads its operand where the view points.

/** The same values in row-major order under another shape of the same size. */
export const reshape: Primitive<{ shape: readonly number[] }> = {
  name: "reshape",
  dtype: sameDType,
  shape: ([x], { shape }) => {
    if (sizeOf(x!.shape) !== sizeOf(shape)) {
      throw shapeError({
        problem: "sizes differ",
        got: { x: x!, shape },
        need: `a shape of ${sizeOf(x!.shape)} elements`,
      });
    }
    return [...shape];
  },
  vjp: ({ ct, ins: [x] }, o) => [o.reshape(ct, x!.shape)],
  reference: ([x]) => x!.data.slice(),
  lower: {
    kind: "inline",
    form: "view",
    emit: ({ s, at, out, ins: [x], pull }) =>
      pull(0, s.index.unflatten(s.index.flatten(at, out.shape), x!.shape)),
  },
};

/** Axis i of the result is axis `axes[i]` of the operand. */
export const permute: Primitive<{ axes: readonly number[] }> = {
  name: "permute",
  dtype: sameDType,
  shape: ([x], { axes }) => axes.map((a) => dim(x!.shape, a)),
  vjp: ({ ct, params }, o) => [o.permute(ct, inversePermutation(params.axes))],
  reference: later("permute"),
  lower: {
    kind: "inline",
    form: "view",
    emit: ({ at, pull }, { axes }) =>
      pull(
        0,
        inversePermutation(axes).map((a) => at[a] as IndexExpr),
      ),
  },
};

export function inversePermutation(axes: readonly number[]): number[] {
  const inverse = new Array<number>(axes.length);
  axes.forEach((a, i) => {
    inverse[a] = i;
  });
  return inverse;
}

/** Repeats axes of size 1; the rank stays. */
export const expand: Primitive<{ shape: readonly number[] }> = {
  name: "expand",
  dtype: sameDType,
  shape: ([x], { shape }) => {
    if (x!.shape.length !== shape.length || !x!.shape.every((n, i) => n === 1 || n === shape[i])) {
      throw shapeError({
        problem: "only axes of size 1 can be expanded",
        got: { x: x!, shape },
      });
    }
    return [...shape];
  },
  vjp: ({ ct, ins: [x] }, o) => {
    const axes = ct.shape.flatMap((n, i) => (x!.shape[i] === 1 && n !== 1 ? [i] : []));
    return [axes.length > 0 ? o.sum(ct, axes) : ct];
  },
  reference: later("expand"),
  lower: {
    kind: "inline",
    form: "view",
    emit: ({ at, ins: [x], pull }) =>
      pull(
        0,
        at.map((e, i) => (x!.shape[i] === 1 ? constantIndex(0) : e)),
      ),
  },
};

/**
 * Padding, slicing with steps, flipping, dilation, sliding windows and their adjoints in one: on each axis the
 * input position i that output position j shows is the solution of
 *   i * divisor = j * factor + constant + skew * t,   t = position along skewAxis (an axis left alone),
 * and the value is 0 where there is none. Each (i, t) meets at most one j, so the adjoint is the same primitive with
 * the equation solved for j.
 */
export const affineView: Primitive<{ axes: readonly AxisMap[] }> = {
  name: "affineView",
  dtype: sameDType,
  shape: (_, { axes }) => axes.map((a) => a.size),
  vjp: ({ ct, ins: [x], params }, o) => [
    o.affineView(
      ct,
      params.axes.map((a, i) => invertAxis(a, dim(x!.shape, i))),
    ),
  ],
  reference: later("affineView"),
  lower: { kind: "inline", form: "view", emit: (context, { axes }) => emitAffine(context, axes) },
};

export const sameAxis = (size: number): AxisMap => ({
  factor: 1,
  divisor: 1,
  constant: 0,
  skew: 0,
  skewAxis: 0,
  size,
});

function invertAxis(a: AxisMap, inputSize: number): AxisMap {
  const sign = a.factor < 0 ? -1 : 1;
  return {
    factor: sign * a.divisor,
    divisor: sign * a.factor,
    constant: -sign * a.constant + 0,
    skew: -sign * a.skew + 0,
    skewAxis: a.skewAxis,
    size: inputSize,
  };
}

function emitAffine({ s, at, out, ins: [x], pull }: InlineContext, axes: readonly AxisMap[]): number {
  const conditions: (number | null)[] = [];
  const source = axes.map((a, i) => {
    const size = dim(x!.shape, i);
    let e = s.index.offset(s.index.scale(at[i] as IndexExpr, a.factor), a.constant);
    if (a.skew !== 0) e = s.index.add(e, s.index.scale(at[a.skewAxis] as IndexExpr, a.skew));
    const last = (size - 1) * a.divisor;
    const [inside, safe] = s.within(e, last + 1);
    conditions.push(inside);
    if (a.divisor === 1) return safe;
    const rest = s.index.remainder(safe, a.divisor);
    if (rest.hi > 0) conditions.push(s.compute("bool", "($0 == 0)", [s.indexValue(rest)]));
    return s.index.quotient(safe, a.divisor);
  });
  const value = pull(0, source);
  const condition = s.all(conditions);
  if (condition === null) return value;
  const type = scalarType(out.dtype);
  return s.select(condition, value, s.constant(type, 0));
}

/** Joins along an axis. */
export const concat: Primitive<{ axis: number }> = {
  name: "concat",
  dtype: (ins) => {
    const [x, ...rest] = ins;
    const other = rest.find((y) => y.dtype !== x!.dtype);
    if (other) throw dtypeError({ problem: "dtypes differ", got: { x: x!, other } });
    return x!.dtype;
  },
  shape: (ins, { axis }) => {
    const first = (ins[0] as Aval).shape;
    const other = ins.find(
      (x) => !shapesEqual(dropAxes(x.shape, [axis], true), dropAxes(first, [axis], true)),
    );
    if (other)
      throw shapeError({
        problem: `shapes differ outside axis ${axis}`,
        got: { first: ins[0]!, other },
      });
    return first.map((n, i) => (i === axis ? ins.reduce((sum, x) => sum + dim(x.shape, axis), 0) : n));
  },
  vjp: ({ ct, ins, params: { axis }, needed }, o) => {
    let start = 0;
    return ins.map((x, i) => {
      const length = dim(x.shape, axis);
      start += length;
      return needed[i] ? o.slice(ct, axis, start - length, length) : null;
    });
  },
  reference: later("concat"),
  lower: {
    kind: "inline",
    form: "gather",
    emit: ({ s, at, ins, pull }, { axis }) => {
      let value = -1;
      let start = 0;
      ins.forEach((x, i) => {
        const length = dim(x.shape, axis);
        if (length === 0) return;
        const local = s.index.offset(at[axis] as IndexExpr, -start);
        start += length;
        if (local.hi < 0 || local.lo >= length) return;
        const [inside, safe] = s.within(local, length);
        const mine = pull(
          i,
          at.map((e, a) => (a === axis ? safe : e)),
        );
        value = value < 0 || inside === null ? mine : s.select(inside, mine, value);
      });
      return value;
    },
  },
};
