import { expect, test } from "vitest";
import * as classNodes from "../../engine/functions/class-loss.ts";
import * as nodes from "../../engine/functions/loss.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import * as losses from "../../losses/mod.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, Grid, range, sum } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

const scalar = (value: number) => new Grid([], [value]);
const mean = (values: readonly number[]) => sum(values) / values.length;

test("distances between numbers", async () => {
  const [x, t] = [Grid.random([3, 4], 1), Grid.random([3, 4], 2)];
  const d = x.data.map((v, i) => v - t.data[i]!);
  const smooth = d.map((v) => (Math.abs(v) < 0.5 ? v * v : Math.abs(v) - 0.25));
  const huber = d.map((v) => (Math.abs(v) <= 0.7 ? (v * v) / 2 : 0.7 * (Math.abs(v) - 0.35)));
  await checkGrids({
    mse: [losses.mseLoss(x.tensor, t.tensor), scalar(mean(d.map((v) => v * v)))],
    "mse in sum": [
      losses.mseLoss(x.tensor, t.tensor, { reduction: "sum" }),
      scalar(sum(d.map((v) => v * v))),
    ],
    l1: [losses.l1Loss(x.tensor, t.tensor, { reduction: "none" }), new Grid([3, 4], d.map(Math.abs))],
    smoothL1: [losses.smoothL1Loss(x.tensor, t.tensor, { beta: 0.5 }), scalar(mean(smooth))],
    "smoothL1 without a bend": [
      losses.smoothL1Loss(x.tensor, t.tensor, { beta: 0 }),
      scalar(mean(d.map(Math.abs))),
    ],
    huber: [losses.huberLoss(x.tensor, t.tensor, { delta: 0.7 }), scalar(mean(huber))],
  });
});

/** -log softmax over the classes, [B, C, S]. */
function minusLog(x: Grid): Grid {
  const classes = x.shape[1]!;
  return Grid.from(
    x.shape,
    (b, c, s) => Math.log(sum(range(classes).map((k) => Math.exp(x.get(b, k, s))))) - x.get(b, c, s),
  );
}

test("cross-entropy of classes: weights, smoothing, and what does not count", async () => {
  const x = Grid.random([2, 4, 3], 3);
  const classes = [
    [1, 0, 3],
    [2, -100, 1],
  ];
  const target = m.tensor(classes, { dtype: "i32" });
  const weight = [0.5, 2, 1, 3];
  const w = m.tensor(weight);
  const cost = minusLog(x);
  const counted = classes.flatMap((row, b) => row.flatMap((c, s) => (c < 0 ? [] : [{ b, c, s }])));
  const each = counted.map(({ b, c, s }) => cost.get(b, c, s));
  const weights = counted.map(({ c }) => weight[c]!);
  const spread = counted.map(({ b, s }) => sum(range(4).map((k) => weight[k]! * cost.get(b, k, s))));
  const none = Grid.from([2, 3], (b, s) => (classes[b]![s]! < 0 ? 0 : cost.get(b, classes[b]![s]!, s)));
  await checkGrids({
    mean: [losses.crossEntropy(x.tensor, target), scalar(mean(each))],
    none: [losses.crossEntropy(x.tensor, target, { reduction: "none" }), none],
    weighted: [
      losses.crossEntropy(x.tensor, target, { weight: w }),
      scalar(sum(each.map((v, i) => v * weights[i]!)) / sum(weights)),
    ],
    smoothed: [
      losses.crossEntropy(x.tensor, target, { weight: w, labelSmoothing: 0.2 }),
      scalar((0.8 * sum(each.map((v, i) => v * weights[i]!)) + (0.2 / 4) * sum(spread)) / sum(weights)),
    ],
    "another class ignored": [
      losses.crossEntropy(
        x.tensor,
        m.tensor(
          [
            [1, 0, 3],
            [2, 1, 1],
          ],
          { dtype: "i32" },
        ),
        { ignoreIndex: 1, reduction: "sum" },
      ),
      scalar(cost.get(0, 0, 1) + cost.get(0, 3, 2) + cost.get(1, 2, 0)),
    ],
    "one sample": [losses.crossEntropy(m.tensor([0, 0]), m.tensor(1, { dtype: "i32" })), scalar(Math.log(2))],
    nll: [
      losses.nllLoss(m.logSoftmax(x.tensor, { axis: 1 }), target, { reduction: "sum" }),
      scalar(sum(each)),
    ],
  });
});

test("cross-entropy: far logits, targets that are no class, and gradients of what does not count", async () => {
  const far = m.tensor([
    [1e4, 0],
    [0, 1e4],
  ]);
  const target = m.tensor([0, 0], { dtype: "i32" });
  const bad = m.tensor([2, -1], { dtype: "i32" });
  const ignored = m.tensor([-100, 1], { dtype: "i32" });
  const gradient = (t: m.Tensor, options = {}) =>
    m.grad((x: m.Tensor) => losses.crossEntropy(x, t, { reduction: "sum", ...options }))(m.zeros([2, 2]));
  const weight = m.tensor([1, 2]);
  await check({
    far: [losses.crossEntropy(far, target, { reduction: "none" }), [0, 1e4]],
    "no class": [losses.crossEntropy(far, bad, { reduction: "none" }), [Number.NaN, Number.NaN]],
    gradient: [
      gradient(ignored),
      [
        [0, 0],
        [0.5, -0.5],
      ],
    ],
    "weighted gradient": [
      gradient(ignored, { weight }),
      [
        [0, 0],
        [1, -1],
      ],
    ],
  });
});

test("cross-entropy of probabilities", async () => {
  const x = Grid.random([2, 3, 2], 4);
  const raw = Grid.random([2, 3, 2], 5);
  const p = Grid.from(raw.shape, (b, c, s) => raw.get(b, c, s) ** 2);
  const weight = [1, 2, 0.5];
  const cost = minusLog(x);
  const each = Grid.from([2, 2], (b, s) =>
    sum(range(3).map((c) => weight[c]! * (0.9 * p.get(b, c, s) + 0.1 / 3) * cost.get(b, c, s))),
  );
  const options = { weight: m.tensor(weight), labelSmoothing: 0.1 };
  await checkGrids({
    mean: [losses.crossEntropy(x.tensor, p.tensor, options), scalar(mean(each.data))],
    none: [losses.crossEntropy(x.tensor, p.tensor, { ...options, reduction: "none" }), each],
  });
});

test("binary cross-entropy, from probabilities and from logits", async () => {
  const logits = m.tensor([-80, -3, 0, 2, 100]);
  const t = m.tensor([0, 1, 0.5, 0.25, 0]);
  const exact = (x: number, y: number, w = 1) =>
    (1 - y) * (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))) +
    w * y * (Math.max(-x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
  const pairs: [number, number][] = [
    [-80, 0],
    [-3, 1],
    [0, 0.5],
    [2, 0.25],
    [100, 0],
  ];
  const p = m.tensor([0, 1, 0.5, 0.25]);
  const q = m.tensor([1, 1, 0.25, 0]);
  const gradient = m.grad((x: m.Tensor) => losses.binaryCrossEntropy(x, q, { reduction: "sum" }))(p);
  await check({
    logits: [
      losses.binaryCrossEntropyWithLogits(logits, t, { reduction: "none" }),
      pairs.map(([x, y]) => exact(x, y)),
    ],
    weighted: [
      losses.binaryCrossEntropyWithLogits(logits, t, {
        reduction: "none",
        positiveWeight: m.tensor(3),
        weight: m.tensor(2),
      }),
      pairs.map(([x, y]) => 2 * exact(x, y, 3)),
      1e-5,
    ],
    probabilities: [
      losses.binaryCrossEntropy(p, q, { reduction: "none" }),
      [100, 0, Math.log(2), -Math.log(0.75)],
    ],
    gradient: [gradient, [-1e12, 0, 1, 4 / 3]],
  });
});

test("divergence, cosines, triplets and margins", async () => {
  const [a, b, c] = [Grid.random([4, 3], 6), Grid.random([4, 3], 7), Grid.random([4, 3], 8)];
  const row = (x: Grid, i: number) => range(3).map((j) => x.get(i, j));
  const inner = (x: number[], y: number[]) => sum(x.map((v, i) => v * y[i]!));
  const cosine = (i: number) =>
    inner(row(a, i), row(b, i)) / Math.sqrt(inner(row(a, i), row(a, i)) * inner(row(b, i), row(b, i)));
  const distance = (x: Grid, y: Grid, i: number) =>
    Math.sqrt(sum(row(x, i).map((v, j) => (v - y.get(i, j) + 1e-6) ** 2)));
  const signs = [1, -1, -1, 1];
  const target = m.tensor(signs, { dtype: "i32" });
  const p = Grid.from([4, 3], (i, j) => (i === 0 && j === 0 ? 0 : a.get(i, j) ** 2));
  const divergence = p.data.map((v, i) => (v === 0 ? 0 : v * (Math.log(v) - b.data[i]!)));
  await checkGrids({
    kl: [losses.klDivergence(b.tensor, p.tensor), scalar(mean(divergence)), 1e-5],
    "kl per sample": [
      losses.klDivergence(b.tensor, p.tensor, { reduction: "batchMean" }),
      scalar(sum(divergence) / 4),
      1e-5,
    ],
    "kl of logarithms": [
      losses.klDivergence(b.tensor, a.tensor, { logTarget: true, reduction: "none" }),
      new Grid(
        [4, 3],
        a.data.map((v, i) => Math.exp(v) * (v - b.data[i]!)),
      ),
    ],
    cosine: [losses.cosineSimilarity(a.tensor, b.tensor), new Grid([4], range(4).map(cosine))],
    "cosine embedding": [
      losses.cosineEmbeddingLoss(a.tensor, b.tensor, target, { margin: 0.1, reduction: "none" }),
      new Grid(
        [4],
        range(4).map((i) => (signs[i] === 1 ? 1 - cosine(i) : Math.max(0, cosine(i) - 0.1))),
      ),
    ],
    distance: [
      losses.pairwiseDistance(a.tensor, b.tensor),
      new Grid(
        [4],
        range(4).map((i) => distance(a, b, i)),
      ),
    ],
    triplet: [
      losses.tripletMarginLoss(a.tensor, b.tensor, c.tensor, { margin: 0.5, swap: true }),
      scalar(
        mean(
          range(4).map((i) =>
            Math.max(0, distance(a, b, i) - Math.min(distance(a, c, i), distance(b, c, i)) + 0.5),
          ),
        ),
      ),
    ],
    hinge: [
      losses.hingeEmbeddingLoss(m.tensor([0.5, 0.5, 2, -1]), target, { reduction: "none" }),
      new Grid([4], [0.5, 0.5, 0, -1]),
    ],
    ranking: [
      losses.marginRankingLoss(m.tensor([1, 1, 2, 3]), m.tensor([0, 2, 1, 5]), target, { margin: 0.5 }),
      scalar((0 + 0 + 1.5 + 2.5) / 4),
    ],
  });
});

test("gradients", () => {
  const pair = [operand([3, 4], 1), operand([3, 4], 2)];
  for (const f of [nodes.mseLoss, nodes.l1Loss, nodes.smoothL1Loss, nodes.huberLoss])
    checkGradients((x, t) => f(x, t), pair);
  checkGradients((x, t) => classNodes.crossEntropy(x, t, { labelSmoothing: 0.1 }), pair, { second: true });
  checkGradients((x, t) => classNodes.binaryCrossEntropyWithLogits(x, t), pair, { second: true });
  checkGradients(
    (x, t, w) => classNodes.binaryCrossEntropyWithLogits(x, t, { positiveWeight: w }),
    [...pair, operand([4], 3)],
  );
  checkGradients((x, t) => classNodes.klDivergence(x, t, { logTarget: true }), pair);
  checkGradients((x, t) => nodes.cosineSimilarity(x, t), pair, { second: true });
  checkGradients((a, b, c) => nodes.tripletMarginLoss(a, b, c, { margin: 5 }), [...pair, operand([3, 4], 3)]);
  checkGradients(
    (a, b, c) => nodes.tripletMarginLoss(a, b, c, { margin: 5, p: 3 }),
    [...pair, operand([3, 4], 3)],
  );
  checkGradients((x) => classNodes.crossEntropy(x, zeroClasses(3)), [operand([3, 4])], { second: true });
  checkGradients((x) => classNodes.nllLoss(x, zeroClasses(3)), [operand([3, 4])]);
});

/** Targets of class 0, made in the graph. */
const zeroClasses = (count: number): GraphNode => m.zeros([count], { dtype: "i32" }).node;

test("refuses what does not fit", () => {
  const [x, t] = [m.zeros([3, 4]), m.zeros([3])];
  expect(errorOf(() => losses.mseLoss(x, m.zeros([3, 1])))).toEqual({
    name: "ShapeError",
    op: "mseLoss",
    problem: "shapes differ",
  });
  expect(errorOf(() => losses.crossEntropy(x, t.cast("i32").reshape([3, 1]))).problem).toBe(
    "targets do not fit the logits",
  );
  expect(errorOf(() => losses.crossEntropy(x, t.cast("i32"), { weight: m.zeros([3]) })).problem).toBe(
    "one weight for each class",
  );
  expect(errorOf(() => losses.crossEntropy(x, t.cast("i32"), { labelSmoothing: 2 })).name).toBe("AxisError");
  expect(errorOf(() => losses.mseLoss(x, x, { reduction: "average" as "mean" })).problem).toBe(
    '"average" is no reduction',
  );
});
