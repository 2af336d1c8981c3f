// What an instruction of a random program can do with what was made before it.
import { type DType, isFloat } from "../../engine/core/dtype.ts";
import { dim, sizeOf } from "../../engine/core/shape.ts";
import { type GraphNode, makeNode } from "../../engine/ir/node.ts";
import type { AxisMap } from "../../engine/ir/primitive.ts";
import { align, ops as o } from "../../engine/ops/build.ts";
import { sameAxis } from "../../engine/ops/movement.ts";
import { randomNumbers } from "../ops/accuracy.ts";
import { primitives } from "../ops/primitives.ts";

/** Two values made before, what picks axes, sizes and kinds, and more inputs. */
export interface Tools {
  readonly a: GraphNode;
  readonly b: GraphNode;
  readonly pick: readonly [number, number, number];
  readonly give: (dtype: DType, shape: readonly number[]) => GraphNode;
}

/** A new value, or null where there is none of the kind. */
export type Kind = (tools: Tools) => GraphNode | null;

const make = (name: string, inputs: readonly GraphNode[], params: unknown = null): GraphNode =>
  makeNode(primitives[name] as (typeof primitives)[string], inputs, params);

const toFloat = (x: GraphNode): GraphNode => (isFloat(x.dtype) ? x : o.cast(x, "f32"));
const toInt = (x: GraphNode): GraphNode =>
  x.dtype === "i32" ? x : o.cast(isFloat(x.dtype) ? o.minimum(o.maximum(x, -1000), 1000) : x, "i32");
const toNumber = (x: GraphNode): GraphNode =>
  x.dtype === "bool" || x.dtype === "u32" ? o.cast(x, "f32") : x;
/** Keeps values small, so that no chain of squares overflows. */
const tame = (x: GraphNode): GraphNode => o.maximum(o.minimum(toFloat(x), 3), -3);

const UNARY = ["neg", "abs", "sign", "tanh", "sin", "cos", "erf", "floor", "round", "atan", "trunc", "ceil"];
const BINARY = ["add", "sub", "mul", "maximum", "minimum", "add", "mul", "sub"];
const COMPARE = ["equal", "notEqual", "less", "lessEqual"];
const INTEGER = ["add", "mul", "bitAnd", "bitOr", "bitXor", "floorDivide", "remainder", "maximum"];
const REDUCE = ["sum", "max", "min", "sum", "prod", "argmax", "argmin", "sum"];

/** Operands of one dtype and shape, or null where their shapes do not broadcast. */
function pair(
  a: GraphNode,
  b: GraphNode,
  convert: (x: GraphNode) => GraphNode,
): [GraphNode, GraphNode] | null {
  const [x, y] = [convert(a), convert(b)];
  const rank = Math.min(x.shape.length, y.shape.length);
  for (let i = 1; i <= rank; i++) {
    const [n, m] = [dim(x.shape, x.shape.length - i), dim(y.shape, y.shape.length - i)];
    if (n !== m && n !== 1 && m !== 1) return null;
  }
  return align([x, y]) as [GraphNode, GraphNode];
}

function binary(
  a: GraphNode,
  b: GraphNode,
  name: string,
  convert: (x: GraphNode) => GraphNode,
): GraphNode | null {
  const operands = pair(a, b, convert);
  return operands && make(name, operands);
}

const axisOf = (x: GraphNode, n: number): number | null => (x.shape.length === 0 ? null : n % x.shape.length);

/** Some of the axes of x, at least one. */
function axesOf(x: GraphNode, bits: number): number[] {
  const axes = x.shape.flatMap((_, i) => (((bits + 1) >> i) & 1 ? [i] : []));
  return axes.length > 0 || x.shape.length === 0 ? axes : [x.shape.length - 1];
}

function permutation(n: number, seed: number): number[] {
  const axes = Array.from({ length: n }, (_, i) => i);
  const random = randomNumbers(seed);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [axes[i], axes[j]] = [axes[j] as number, axes[i] as number];
  }
  return axes;
}

const reduce: Kind = ({ a, pick }) => {
  const name = REDUCE[pick[0] % REDUCE.length] as string;
  const x = name === "prod" ? tame(a) : toNumber(a);
  const axes = axesOf(x, pick[1]);
  if (axes.length === 0) return null;
  // Longer products leave the range of f32 on the way.
  if (name === "prod" && axes.reduce((n, i) => n * dim(x.shape, i), 1) > 25) return null;
  const result = make(name, [x], { axes });
  return pick[2] % 2 === 0
    ? result
    : o.reshape(
        result,
        x.shape.filter((_, i) => !axes.includes(i)),
      );
};

/** A statistic of the rows, broadcast back to them: the pattern that fusion is for. */
const normalize: Kind = ({ a, pick }) => {
  const x = toFloat(a);
  const axes = axesOf(x, pick[1]);
  if (axes.length === 0) return null;
  const name = ["sum", "max", "min"][pick[0] % 3] as string;
  const s = make(name, [x], { axes });
  const y = o.sub(x, s);
  return pick[2] % 3 === 0 ? o.div(y, o.add(o.sum(o.mul(y, y), axes), 1)) : y;
};

const reshape: Kind = ({ a, pick }) => {
  const { shape } = a;
  switch (pick[0] % 4) {
    case 0:
      return o.reshape(a, [sizeOf(shape)]);
    case 1: {
      const at = pick[1] % (shape.length + 1);
      return o.reshape(a, [...shape.slice(0, at), 1, ...shape.slice(at)]);
    }
    case 2: {
      if (shape.length < 2) return null;
      const at = pick[1] % (shape.length - 1);
      return o.reshape(a, [
        ...shape.slice(0, at),
        dim(shape, at) * dim(shape, at + 1),
        ...shape.slice(at + 2),
      ]);
    }
    default: {
      const at = axisOf(a, pick[1]);
      if (at === null) return null;
      const factor = [2, 3, 5, 4, 7].find((k) => dim(shape, at) % k === 0 && k >= pick[2] % 3);
      return factor
        ? o.reshape(a, [...shape.slice(0, at), factor, dim(shape, at) / factor, ...shape.slice(at + 1)])
        : null;
    }
  }
};

const expand: Kind = ({ a, pick }) => {
  const at = a.shape.indexOf(1);
  const n = 1 + (pick[0] % 4);
  if (at < 0 || pick[1] % 3 === 0) return o.broadcastTo(a, [n, ...a.shape]);
  return o.broadcastTo(
    a,
    a.shape.map((m, i) => (i === at ? n : m)),
  );
};

const affine: Kind = ({ a, pick }) => {
  const at = axisOf(a, pick[0]);
  if (at === null) return null;
  const n = dim(a.shape, at);
  const k = 1 + (pick[2] % 3);
  switch (pick[1] % 6) {
    case 0:
      return o.flip(a, at);
    case 1:
      return o.pad(a, at, k - 1, pick[2] % 2);
    case 2: {
      const step = k;
      const start = pick[2] % n;
      return o.slice(a, at, start, Math.ceil((n - start) / step), step);
    }
    case 3: // cut at one end, padded at the other
      return o.pad(a, at, -Math.min(n - 1, k - 1), k);
    case 4: {
      // Zeros between the elements.
      const size = (n - 1) * k + 1;
      return o.affineView(
        a,
        a.shape.map((m, i) => (i === at ? { ...sameAxis(m), divisor: k, size } : sameAxis(m))),
      );
    }
    default: {
      // Sliding windows of length k, on a new last axis.
      const wide = o.broadcastTo(o.reshape(a, [...a.shape, 1]), [...a.shape, k]);
      const axes: AxisMap[] = wide.shape.map((m, i) =>
        i === at
          ? {
              factor: 1 + (pick[2] % 2),
              divisor: 1,
              constant: -1,
              skew: 1,
              skewAxis: a.shape.length,
              size: n,
            }
          : sameAxis(m),
      );
      return o.affineView(wide, axes);
    }
  }
};

const dot: Kind = ({ a, b, pick, give }) => {
  const x = tame(a);
  if (x.shape.length === 0 || x.shape.length > 3) return null;
  const k = pick[0] % x.shape.length;
  const other = tame(b);
  const shared = other.shape.indexOf(dim(x.shape, k));
  const y =
    shared >= 0 && other.shape.length <= 3
      ? other
      : give("f32", [dim(x.shape, k), [3, 1, 18, 5][pick[1] % 4] as number]);
  const at = shared >= 0 && y === other ? shared : 0;
  const batch =
    pick[2] % 3 === 0
      ? x.shape.findIndex((n, i) => i !== k && y.shape.some((m, j) => j !== at && m === n))
      : -1;
  const mate = batch < 0 ? -1 : y.shape.findIndex((m, j) => j !== at && m === x.shape[batch]);
  return o.dot(x, y, {
    batchA: batch < 0 ? [] : [batch],
    batchB: batch < 0 ? [] : [mate],
    contractA: [k],
    contractB: [at],
  });
};

/** Positions 0..n-1, and now and then one that counts from the end. */
function indices(shape: readonly number[], axis: number, n: number, salt: number): GraphNode {
  const count = o.add(
    o.mul(o.iota(shape, axis), 1 + (salt % 3)),
    shape.length > 1 ? o.iota(shape, axis === 0 ? 1 : 0) : salt,
  );
  const wrapped = make("remainder", align([count, n]));
  return salt % 4 === 0 ? o.sub(wrapped, n) : wrapped;
}

const gather: Kind = ({ a, pick }) => {
  const axis = axisOf(a, pick[0]);
  if (axis === null) return null;
  const shape = a.shape.map((n, i) => (i === axis ? 1 + (pick[1] % 4) : n));
  return o.gather(a, indices(shape, axis, dim(a.shape, axis), pick[2]), axis);
};

const scatter: Kind = ({ a, b, pick }) => {
  const x = toFloat(a);
  const axis = axisOf(x, pick[0]);
  if (axis === null || dim(x.shape, axis) > 20) return null;
  const shape = x.shape.map((n, i) => (i === axis ? 1 + (pick[1] % 4) : n));
  const values =
    sizeOf(b.shape) === sizeOf(shape) ? o.reshape(toFloat(b), shape) : o.cast(o.iota(shape, axis), "f32");
  return o.scatter(
    x,
    indices(shape, axis, dim(x.shape, axis), pick[2]),
    values,
    axis,
    pick[2] % 2 ? "add" : "set",
  );
};

const concat: Kind = ({ a, b, pick }) => {
  const axis = axisOf(a, pick[0]);
  if (axis === null) return null;
  const y = a.dtype === "bool" ? o.cast(a, "f32") : a;
  const fits = b.shape.length === a.shape.length && b.shape.every((n, i) => i === axis || n === a.shape[i]);
  const other = fits ? o.cast(b, y.dtype) : o.slice(y, axis, 0, Math.max(1, dim(y.shape, axis) - 1));
  return o.concat(pick[1] % 2 ? [y, other] : [other, y, other], axis);
};

const scan: Kind = ({ a, pick }) => {
  const axis = axisOf(a, pick[0]);
  const combine = (["sum", "prod", "max", "min"] as const)[pick[1] % 4] as "sum";
  if (axis === null || ((combine as string) === "prod" && dim(a.shape, axis) > 25)) return null;
  return o.scan(tame(a), axis, combine, pick[2] % 2 === 0);
};

const argsort: Kind = ({ a, pick }) => {
  if (a.shape.length === 0) return null;
  const x = toNumber(a);
  const order = make("argsort", [x]);
  return pick[0] % 2 ? order : o.gather(x, order, x.shape.length - 1);
};

const conv: Kind = ({ a, pick, give }) => {
  const x = tame(a);
  if (x.shape.length < 2) return null;
  const [c = 1, w = 1] = x.shape.slice(-2);
  if (c > 6) return null;
  const image = o.reshape(x, [sizeOf(x.shape.slice(0, -2)), c, w]);
  const groups = pick[0] % 2 === 0 && c % 2 === 0 ? 2 : 1;
  const taps = 1 + (pick[1] % 3);
  const padding = pick[2] % 3;
  const dilation = 1 + (pick[0] % 2);
  if (w + 2 * padding < (taps - 1) * dilation + 1) return null;
  return o.conv(image, give("f32", [groups * 2, c / groups, taps]), {
    stride: [1 + (pick[1] % 2)],
    padding: [[padding, padding]],
    inputDilation: [1 + (pick[2] % 2)],
    dilation: [dilation],
    groups,
  });
};

const select: Kind = ({ a, b, pick }) => {
  const operands = pair(a, b, toFloat);
  if (!operands) return null;
  const condition = make(COMPARE[pick[0] % 4] as string, operands);
  return o.where(condition, operands[pick[1] % 2] as GraphNode, pick[2] % 2 ? 0 : o.neg(operands[0]));
};

/** More operands than one kernel may bind. */
const crowd: Kind = ({ a, pick, give }) => {
  let x = tame(a);
  if (sizeOf(x.shape) > 500) return null;
  for (let i = 0; i < 5 + pick[0]; i++)
    x = make(BINARY[(i + pick[1]) % 6] as string, [x, give("f32", x.shape)]);
  return x;
};

const unary: Kind = ({ a, pick }) => make(UNARY[pick[0] % UNARY.length] as string, [toFloat(a)]);
const arithmetic: Kind = ({ a, b, pick }) => binary(a, b, BINARY[pick[0] % BINARY.length] as string, tame);

export const KINDS: readonly Kind[] = [
  unary,
  unary,
  arithmetic,
  arithmetic,
  arithmetic,
  ({ a, pick }) => make(BINARY[pick[0] % BINARY.length] as string, align([toFloat(a), pick[1] / 4 - 1])),
  ({ a }) => o.exp(o.minimum(toFloat(a), 3)),
  ({ a, pick }) =>
    pick[0] % 2
      ? o.sqrt(o.add(make("abs", [toFloat(a)]), 0.25))
      : o.log(o.add(make("abs", [toFloat(a)]), 0.5)),
  ({ a, b, pick }) => binary(a, b, INTEGER[pick[0] % INTEGER.length] as string, toInt),
  ({ a, b, pick }) => binary(a, b, COMPARE[pick[0] % COMPARE.length] as string, toNumber),
  ({ a, pick }) =>
    o.cast(
      a.dtype === "bool" || pick[1] % 2 ? a : toInt(a),
      (["f32", "i32", "u32", "bool"] as const)[pick[0] % 4] as DType,
    ),
  select,
  reduce,
  reduce,
  reduce,
  normalize,
  normalize,
  reshape,
  reshape,
  ({ a, pick }) => o.permute(a, permutation(a.shape.length, pick[0])),
  ({ a, pick }) => o.permute(a, permutation(a.shape.length, pick[0])),
  expand,
  affine,
  affine,
  dot,
  gather,
  scatter,
  concat,
  scan,
  argsort,
  conv,
  crowd,
  ({ a, pick }) =>
    o.mul(
      toFloat(a),
      o.cast(o.iota(a.shape.length ? a.shape : [1], pick[0] % Math.max(1, a.shape.length)), "f32"),
    ),
];
