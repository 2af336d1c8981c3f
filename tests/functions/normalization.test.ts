import { expect, test } from "vitest";
import * as nodes from "../../engine/functions/normalization.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, Grid, range, sum } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

const { NaN: nan } = Number;

test("the softmax family", async () => {
  const x = Grid.random([3, 5, 4], 1);
  const total = (i: number, k: number) => sum(range(5).map((j) => Math.exp(x.get(i, j, k))));
  const y = Grid.from(x.shape, (i, j, k) => Math.exp(x.get(i, j, k)) / total(i, k));
  await checkGrids({
    softmax: [m.softmax(x.tensor, { axis: 1 }), y],
    softmin: [m.softmin(x.tensor.neg(), { axis: -2 }), y],
    logSoftmax: [m.logSoftmax(x.tensor, { axis: 1 }), Grid.from(x.shape, (...at) => Math.log(y.get(...at)))],
  });
  const hard = m.tensor([
    [1e4, 1e4, -1e4],
    [0, -Infinity, 0],
    [-Infinity, -Infinity, -Infinity],
    [nan, 0, 1],
  ]);
  await check({
    softmax: [
      m.softmax(hard),
      [
        [0.5, 0.5, 0],
        [0.5, 0, 0.5],
        [nan, nan, nan],
        [nan, nan, nan],
      ],
    ],
    logSoftmax: [
      m.logSoftmax(
        m.tensor([
          [1e4, 1e4 - 200],
          [0, -Infinity],
        ]),
      ),
      [
        [0, -200],
        [0, -Infinity],
      ],
    ],
    "one element": [m.softmax(m.tensor([[3], [-7]])), [[1], [1]], 0],
    integers: [m.softmax(m.tensor([5, 5], { dtype: "i32" })), [0.5, 0.5], 0],
    "no rows": [m.softmax(m.zeros([0, 3])), [], 0],
    "nothing in a row": [m.softmax(m.zeros([2, 0])), [[], []], 0],
    "no rows, along them": [m.logSoftmax(m.zeros([0, 3]), { axis: 0 }), [], 0],
  });
  expect(errorOf(() => m.softmax(m.zeros([2]), { axis: 1 })).name).toBe("AxisError");
});

/** Rows with zero mean and unit variance, in float64. */
function standardized(rows: readonly number[][], eps: number): number[][] {
  return rows.map((row) => {
    const mean = sum(row) / row.length;
    const variance = sum(row.map((v) => (v - mean) ** 2)) / row.length;
    return row.map((v) => (v - mean) / Math.sqrt(variance + eps));
  });
}

const chunks = (x: Grid, length: number): number[][] =>
  range(x.data.length / length).map((i) => x.data.slice(i * length, (i + 1) * length));

test("layer, group, instance and RMS norm", async () => {
  const x = Grid.random([2, 6, 3, 4], 2);
  const [w, b] = [Grid.random([6], 3), Grid.random([6], 4)];
  const [w2, b2] = [Grid.random([3, 4], 5), Grid.random([3, 4], 6)];
  const byChannel = (y: Grid) => Grid.from(x.shape, (n, c, i, j) => y.get(n, c, i, j) * w.get(c) + b.get(c));
  const shaped = (rows: number[][]) => new Grid(x.shape, rows.flat());
  const layer = shaped(standardized(chunks(x, 12), 1e-5));
  const rms = shaped(
    chunks(x, 4).map((row) => row.map((v) => v / Math.sqrt(sum(row.map((u) => u * u)) / 4 + 2 ** -23))),
  );
  await checkGrids({
    layerNorm: [
      m.layerNorm(x.tensor, [3, 4], { weight: w2.tensor, bias: b2.tensor }),
      Grid.from(x.shape, (n, c, i, j) => layer.get(n, c, i, j) * w2.get(i, j) + b2.get(i, j)),
    ],
    "layerNorm over one axis": [
      m.layerNorm(x.tensor, 4, { eps: 0.5 }),
      shaped(standardized(chunks(x, 4), 0.5)),
    ],
    groupNorm: [
      m.groupNorm(x.tensor, 3, { weight: w.tensor, bias: b.tensor }),
      byChannel(shaped(standardized(chunks(x, 24), 1e-5))),
    ],
    instanceNorm: [m.instanceNorm(x.tensor, { weight: w.tensor, bias: b.tensor }), byChannel(layer)],
    rmsNorm: [
      m.rmsNorm(x.tensor, [4], { weight: m.tensor([1, 2, 3, 4]) }),
      Grid.from(x.shape, (n, c, i, j) => rms.get(n, c, i, j) * (j + 1)),
    ],
  });
});

test("a large mean costs no more accuracy than its own rounding", async () => {
  const spread = Grid.random([4, 64], 7);
  const far = new Grid(
    spread.shape,
    spread.data.map((v) => Math.fround(v + 1000)),
  );
  const want = new Grid(spread.shape, standardized(chunks(far, 64), 1e-5).flat());
  await checkGrids({ layerNorm: [m.layerNorm(far.tensor, 64), want, 1e-4] });
});

test("batch norm: the batch's statistics in training, the running ones otherwise", async () => {
  const x = Grid.random([3, 2, 4], 8);
  const channel = (c: number) => range(12).map((i) => x.get(Math.floor(i / 4), c, i % 4));
  const mean = (c: number) => sum(channel(c)) / 12;
  const squares = (c: number) => sum(channel(c).map((v) => (v - mean(c)) ** 2));
  const [w, b] = [m.tensor([2, -3]), m.tensor([0.5, 1])];
  const scale = (c: number, v: number) => v * [2, -3][c]! + [0.5, 1][c]!;
  const running = { mean: m.tensor([1, -1]), variance: m.tensor([4, 0.25]) };
  const trained = m.batchNorm(x.tensor, { ...running, weight: w, bias: b, training: true, momentum: 0.2 });
  const fresh = m.batchNorm(x.tensor, { training: true });
  const used = m.batchNorm(x.tensor, { ...running, weight: w, bias: b, eps: 0 });
  await checkGrids({
    output: [
      trained.output,
      Grid.from(x.shape, (n, c, i) =>
        scale(c, (x.get(n, c, i) - mean(c)) / Math.sqrt(squares(c) / 12 + 1e-5)),
      ),
    ],
    "running mean": [trained.mean, Grid.from([2], (c) => 0.8 * [1, -1][c]! + 0.2 * mean(c))],
    "running variance, unbiased": [
      trained.variance,
      Grid.from([2], (c) => 0.8 * [4, 0.25][c]! + (0.2 * squares(c)) / 11),
    ],
    "mean of the batch": [fresh.mean, Grid.from([2], mean)],
    "variance of the batch": [fresh.variance, Grid.from([2], (c) => squares(c) / 11)],
    inference: [
      used.output,
      Grid.from(x.shape, (n, c, i) => scale(c, (x.get(n, c, i) - [1, -1][c]!) / [2, 0.5][c]!)),
    ],
  });
  expect(used.mean.node).toBe(running.mean.node);
});

test("normalize divides by the length, or by eps where that is more", async () => {
  const x = m.tensor([
    [3, 4],
    [0, 0],
    [3e-13, 4e-13],
  ]);
  const gradient = m.grad((y: m.Tensor) => m.normalize(y).slice(null, 0).sum())(x);
  await check({
    rows: [
      m.normalize(x),
      [
        [0.6, 0.8],
        [0, 0],
        [0.3, 0.4],
      ],
    ],
    "another axis": [m.normalize(m.tensor([[3], [4]]), { axis: 0 }), [[0.6], [0.8]]],
    "gradient, also at 0": [
      gradient,
      [
        [0.128, -0.096],
        [1e12, 0],
        [1e12, 0],
      ],
    ],
  });
});

test("gradients, and those of gradients", () => {
  const both = { second: true };
  checkGradients((x) => nodes.softmax(x, { axis: 0 }), [operand([4, 3])], both);
  checkGradients((x) => nodes.logSoftmax(x), [operand([3, 4])], both);
  checkGradients((x) => nodes.softmin(x), [operand([3, 4])]);
  checkGradients(
    (x, weight, bias) => nodes.layerNorm(x, [2, 3], { weight, bias }),
    [operand([2, 2, 3], 1), operand([2, 3], 2), operand([2, 3], 3)],
    both,
  );
  checkGradients((x, weight) => nodes.rmsNorm(x, 4, { weight }), [operand([3, 4], 1), operand([4], 2)], both);
  checkGradients(
    (x, weight, bias) => nodes.groupNorm(x, 2, { weight, bias }),
    [operand([2, 4, 3], 1), operand([4], 2), operand([4], 3)],
  );
  checkGradients(
    (x, weight, bias) => nodes.instanceNorm(x, { weight, bias }),
    [operand([2, 3, 2, 2], 1), operand([3], 2), operand([3], 3)],
  );
  checkGradients(
    (x, weight, bias) => nodes.batchNorm(x, { weight, bias, training: true }).output,
    [operand([3, 2, 2], 1), operand([2], 2), operand([2], 3)],
    both,
  );
  checkGradients((x) => nodes.normalize(x), [operand([3, 4])], both);
});

test("refuses parameters and operands that do not fit", () => {
  const x = m.zeros([2, 4, 3]);
  expect(errorOf(() => m.layerNorm(x, [4, 4])).problem).toBe("x does not end in the normalised shape");
  expect(errorOf(() => m.layerNorm(x, 3, { weight: m.zeros([4]) })).op).toBe("layerNorm");
  expect(errorOf(() => m.groupNorm(x, 3)).problem).toBe("channels do not fall into groups");
  expect(errorOf(() => m.batchNorm(x)).problem).toBe("no running statistics");
  expect(errorOf(() => m.batchNorm(x, { mean: m.zeros([3]), variance: m.zeros([4]) })).problem).toBe(
    "one mean for each channel",
  );
  expect(errorOf(() => m.batchNorm(m.zeros([1, 4]), { training: true })).name).toBe("ShapeError");
  expect(errorOf(() => m.instanceNorm(m.zeros([2, 4, 1]))).problem).toBe(
    "one value per channel has no variance",
  );
});
