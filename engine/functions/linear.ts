import { shapeError } from "../core/errors.ts";
import { broadcastShapes, dim, normalizeAxis, range, shapesEqual, sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import { ops } from "../ops/build.ts";
import { define, method } from "./define.ts";
import { toCommonDType } from "./promotion.ts";
import { dropped } from "./reduce-axes.ts";

const o = ops;

/** Both operands in the dtype they compute in. */
export const sameDType = (a: GraphNode, b: GraphNode): [GraphNode, GraphNode] =>
  toCommonDType([a, b]) as [GraphNode, GraphNode];

export const matmul = method("matmul", (a: GraphNode, b: GraphNode): GraphNode => {
  checkInner(a, b);
  const [x, y] = sameDType(a, b);
  const rankX = x.shape.length;
  const rankY = y.shape.length;
  if (rankX === 1 && rankY === 1) return innerProduct(x, y);
  if (rankX === 1 || rankY <= 2) {
    return rankX === 1 && rankY > 2
      ? vectorTimesStack(x, y)
      : o.dot(x, y, {
          batchA: [],
          batchB: [],
          contractA: [rankX - 1],
          contractB: [Math.max(0, rankY - 2)],
        });
  }
  return rankX === 2 ? matrixTimesStack(x, y) : stackTimesStack(x, y);
});

function checkInner(a: GraphNode, b: GraphNode): void {
  if (a.shape.length === 0 || b.shape.length === 0) {
    throw shapeError({
      problem: "a scalar is no matrix",
      got: { a, b },
      need: "operands of rank 1 or more",
      hint: "a.mul(b)",
    });
  }
  const inner = a.shape[a.shape.length - 1];
  const from = Math.max(0, b.shape.length - 2);
  if (inner === b.shape[from]) return;
  throw shapeError({
    problem: "inner dimensions differ",
    got: { a, b },
    need: `a.shape[-1] equal to b.shape[${from === b.shape.length - 1 ? 0 : -2}]`,
    ...(b.shape.length > 1 && inner === b.shape[b.shape.length - 1] ? { hint: "b.transpose(-1, -2)" } : {}),
  });
}

/** [K] times [.., K, N]. */
const vectorTimesStack = (x: GraphNode, y: GraphNode): GraphNode =>
  o.dot(x, y, { batchA: [], batchB: [], contractA: [0], contractB: [y.shape.length - 2] });

/** [M, K] times [.., K, N]: the axes of the stack are free axes of b, moved to the front afterwards. */
function matrixTimesStack(x: GraphNode, y: GraphNode): GraphNode {
  const stack = y.shape.length - 2;
  const product = o.dot(x, y, { batchA: [], batchB: [], contractA: [1], contractB: [stack] });
  return o.permute(product, [...range(stack).map((i) => i + 1), 0, stack + 1]);
}

/**
 * [.., M, K] times [.., K, N]. An axis that both have is a batch axis; one that only one of them has (or that is 1 in
 * the other) is a free axis of that operand, so nothing is repeated and gradients need no sum over copies.
 */
function stackTimesStack(x: GraphNode, y: GraphNode): GraphNode {
  const batch = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2));
  const lead = batch.length;
  const place = (z: GraphNode) => (i: number) => i - (lead - (z.shape.length - 2));
  const size = (z: GraphNode, i: number) => z.shape[place(z)(i)] ?? 1;
  const shared = range(lead).filter((i) => size(x, i) === size(y, i) && place(x)(i) >= 0 && place(y)(i) >= 0);
  const onlyX = range(lead).filter((i) => !shared.includes(i) && place(x)(i) >= 0 && size(y, i) === 1);
  const onlyY = range(lead).filter((i) => !shared.includes(i) && !onlyX.includes(i));
  const narrow = (z: GraphNode, unused: readonly number[]) =>
    dropped(
      z,
      unused.map(place(z)).filter((i) => i >= 0),
    );
  const nx = narrow(x, onlyY);
  const ny = narrow(y, onlyX);
  const axesOf = (own: readonly number[]) => {
    const all = [...shared, ...own].sort((i, j) => i - j);
    return shared.map((i) => all.indexOf(i));
  };
  const product = o.dot(nx, ny, {
    batchA: axesOf(onlyX),
    batchB: axesOf(onlyY),
    contractA: [nx.shape.length - 1],
    contractB: [ny.shape.length - 2],
  });
  // The product has shared, onlyX, M, onlyY, N.
  const m = shared.length + onlyX.length;
  const order = range(lead).map((i) => {
    if (shared.includes(i)) return shared.indexOf(i);
    return onlyX.includes(i) ? shared.length + onlyX.indexOf(i) : m + 1 + onlyY.indexOf(i);
  });
  return o.permute(product, [...order, m, m + 1 + onlyY.length]);
}

export const linear = define("linear", (x: GraphNode, weight: GraphNode, bias?: GraphNode): GraphNode => {
  const [outputs, inputs] = weight.shape;
  const rank = x.shape.length;
  if (weight.shape.length !== 2 || rank === 0 || inputs !== x.shape[rank - 1]) {
    throw shapeError({
      problem: "input features differ",
      got: { x, weight },
      need: "weight of shape [outputs, x.shape[-1]]",
    });
  }
  if (bias && !shapesEqual(bias.shape, [outputs as number])) {
    throw shapeError({
      problem: "one bias for each output",
      got: { bias, weight },
      need: `bias of shape [${outputs}]`,
    });
  }
  const [a, b] = sameDType(x, weight);
  const product = o.dot(a, b, { batchA: [], batchB: [], contractA: [rank - 1], contractB: [1] });
  return bias ? o.add(product, bias) : product;
});

export const bilinear = define(
  "bilinear",
  (a: GraphNode, b: GraphNode, weight: GraphNode, bias?: GraphNode): GraphNode => {
    const rank = a.shape.length;
    const fits =
      weight.shape.length === 3 &&
      rank === b.shape.length &&
      rank > 0 &&
      shapesEqual(a.shape.slice(0, -1), b.shape.slice(0, -1)) &&
      a.shape[rank - 1] === weight.shape[1] &&
      b.shape[rank - 1] === weight.shape[2];
    if (!fits) {
      throw shapeError({
        problem: "features differ",
        got: { a, b, weight },
        need: "a [.., I], b [.., J], weight [O, I, J]",
      });
    }
    // [.., O, J], then the weighted sum over J.
    const product = o.dot(a, weight, { batchA: [], batchB: [], contractA: [rank - 1], contractB: [1] });
    const other = o.reshape(b, [...b.shape.slice(0, -1), 1, dim(b.shape, rank - 1)]);
    const sum = dropped(o.sum(o.mul(product, other), [rank]), [rank]);
    return bias ? o.add(sum, bias) : sum;
  },
);

export const dot = method("dot", (a: GraphNode, b: GraphNode): GraphNode => {
  if (a.shape.length !== 1 || !shapesEqual(a.shape, b.shape)) {
    throw shapeError({
      problem: "not two vectors of one length",
      got: { a, b },
      need: "a and b of shape [N]",
      hint: "matmul(a, b)",
    });
  }
  return innerProduct(a, b);
});

/** A contraction without free axes is a reduction, which runs in parallel where a product of matrices would not. */
const innerProduct = (x: GraphNode, y: GraphNode): GraphNode => dropped(o.sum(o.mul(x, y), [0]), [0]);

export const vdot = define(
  "vdot",
  (a: GraphNode, b: GraphNode): GraphNode =>
    dot(o.reshape(a, [sizeOf(a.shape)]), o.reshape(b, [sizeOf(b.shape)])),
);

export const vecdot = define(
  "vecdot",
  (a: GraphNode, b: GraphNode, { axis = -1 }: { axis?: number } = {}) => {
    const product = o.mul(a, b);
    const at = normalizeAxis(axis, product.shape.length);
    return dropped(o.sum(product, [at]), [at]);
  },
);

export const outer = method(
  "outer",
  (a: GraphNode, b: GraphNode): GraphNode =>
    o.mul(o.reshape(a, [sizeOf(a.shape), 1]), o.reshape(b, [1, sizeOf(b.shape)])),
);

export const tensordot = define(
  "tensordot",
  (
    a: GraphNode,
    b: GraphNode,
    { axes = 2 }: { axes?: number | readonly [readonly number[], readonly number[]] } = {},
  ): GraphNode => {
    const pairs = typeof axes === "number" ? [lastAxes(a, axes), range(axes)] : axes;
    const contractA = (pairs[0] as number[]).map((i) => normalizeAxis(i, a.shape.length));
    const contractB = (pairs[1] as number[]).map((i) => normalizeAxis(i, b.shape.length));
    const sizes = (x: GraphNode, list: readonly number[]) => list.map((i) => dim(x.shape, i));
    if (!shapesEqual(sizes(a, contractA), sizes(b, contractB))) {
      throw shapeError({
        problem: "contracted axes differ",
        got: { a, b, "axes of a": contractA, "axes of b": contractB },
        need: "axes of equal sizes in pairs",
      });
    }
    if (contractA.length === 0) {
      return o.mul(o.reshape(a, [...a.shape, ...b.shape.map(() => 1)]), b);
    }
    const [x, y] = sameDType(a, b);
    return o.dot(x, y, { batchA: [], batchB: [], contractA, contractB });
  },
);

const lastAxes = (x: GraphNode, n: number): number[] => range(n).map((i) => x.shape.length - n + i);
