import { expect, test } from "vitest";
import * as nodes from "../../engine/functions/activation.ts";
import { erf } from "../../engine/ops/reference-math.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, type ExpectedGrid, Grid } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

const { NaN: nan } = Number;
const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

interface Entry {
  readonly f: (x: m.Tensor) => m.Tensor;
  readonly value: (x: number) => number;
  /** Gradients at points where the function has a kink, or its parts could overflow. */
  readonly slopes?: readonly (readonly [number, number])[];
}

const table: Record<string, Entry> = {
  relu: {
    f: m.relu,
    value: (x) => Math.max(x, 0),
    slopes: [
      [0, 0],
      [-1, 0],
      [1, 1],
    ],
  },
  relu6: {
    f: m.relu6,
    value: (x) => clamp(x, 0, 6),
    slopes: [
      [0, 0],
      [6, 0],
      [3, 1],
    ],
  },
  hardTanh: {
    f: m.hardTanh,
    value: (x) => clamp(x, -1, 1),
    slopes: [
      [-1, 0],
      [1, 0],
      [0, 1],
    ],
  },
  leakyRelu: { f: m.leakyRelu, value: (x) => (x > 0 ? x : 0.01 * x), slopes: [[0, 0.01]] },
  elu: {
    f: (x) => m.elu(x, { alpha: 1.5 }),
    value: (x) => (x > 0 ? x : 1.5 * Math.expm1(x)),
    slopes: [
      [0, 1.5],
      [200, 1],
      [-200, 0],
    ],
  },
  celu: {
    f: (x) => m.celu(x, { alpha: 0.5 }),
    value: (x) => (x > 0 ? x : 0.5 * Math.expm1(x / 0.5)),
    slopes: [
      [0, 1],
      [200, 1],
    ],
  },
  selu: {
    f: m.selu,
    value: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    slopes: [
      [0, 1.0507009873554805 * 1.6732632423543772],
      [100, 1.0507009873554805],
    ],
  },
  gelu: {
    f: m.gelu,
    value: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
    slopes: [
      [0, 0.5],
      [30, 1],
      [-30, 0],
    ],
  },
  "gelu by tanh": {
    f: (x) => m.gelu(x, { approximate: "tanh" }),
    value: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    slopes: [
      [0, 0.5],
      [30, 1],
      [-30, 0],
    ],
  },
  sigmoid: {
    f: m.sigmoid,
    value: sigmoid,
    slopes: [
      [0, 0.25],
      [200, 0],
      [-200, 0],
      [-20, 2.0611536e-9],
    ],
  },
  logSigmoid: {
    f: m.logSigmoid,
    value: (x) => -softplus(-x),
    slopes: [
      [0, 0.5],
      [200, 0],
      [-200, 1],
    ],
  },
  silu: {
    f: m.silu,
    value: (x) => x * sigmoid(x),
    slopes: [
      [0, 0.5],
      [200, 1],
      [-200, 0],
    ],
  },
  softplus: {
    f: m.softplus,
    value: softplus,
    slopes: [
      [0, 0.5],
      [200, 1],
      [-200, 0],
    ],
  },
  "softplus, steeper": {
    f: (x) => m.softplus(x, { beta: 4, threshold: 3 }),
    value: (x) => (4 * x > 3 ? x : softplus(4 * x) / 4),
    slopes: [
      [1, 1],
      [0, 0.5],
    ],
  },
  mish: {
    f: m.mish,
    value: (x) => x * Math.tanh(softplus(x)),
    slopes: [
      [0, 0.6],
      [100, 1],
    ],
  },
  softsign: { f: m.softsign, value: (x) => x / (1 + Math.abs(x)), slopes: [[0, 1]] },
  hardSigmoid: {
    f: m.hardSigmoid,
    value: (x) => clamp(x + 3, 0, 6) / 6,
    slopes: [
      [-3, 0],
      [3, 0],
      [0, 1 / 6],
    ],
  },
  hardSwish: {
    f: m.hardSwish,
    value: (x) => (x * clamp(x + 3, 0, 6)) / 6,
    slopes: [
      [-3, 0],
      [3, 1],
      [0, 0.5],
    ],
  },
  tanhshrink: { f: m.tanhshrink, value: (x) => x - Math.tanh(x), slopes: [[0, 0]] },
  softshrink: {
    f: m.softshrink,
    value: (x) => Math.sign(x) * Math.max(0, Math.abs(x) - 0.5),
    slopes: [
      [0.5, 0],
      [-0.5, 0],
      [1, 1],
    ],
  },
  hardshrink: {
    f: m.hardshrink,
    value: (x) => (Math.abs(x) > 0.5 ? x : 0),
    slopes: [
      [0.5, 0],
      [1, 1],
    ],
  },
  threshold: {
    f: (x) => m.threshold(x, { threshold: 1, value: -7 }),
    value: (x) => (x > 1 ? x : -7),
    slopes: [
      [1, 0],
      [2, 1],
    ],
  },
};

const points = [-90, -20, -6, -3, -1, -0.5, -0.3, 0, 0.3, 0.5, 1, 2, 3, 6, 20, 90];

test("values, from far below 0 to far above", async () => {
  const x = m.tensor(points);
  const cases = Object.entries(table).map(([name, { f, value }]): [string, ExpectedGrid] => [
    name,
    [f(x), new Grid([points.length], points.map(value)), 1e-7],
  ]);
  await checkGrids(Object.fromEntries(cases));
});

test("small values keep their digits", async () => {
  const x = m.tensor([-20, -10, -3]);
  const want = (f: (x: number) => number) => [-20, -10, -3].map(f);
  await check({
    sigmoid: [m.sigmoid(x), want(sigmoid), 1e-6],
    softplus: [m.softplus(x), want(softplus), 1e-6],
    logSigmoid: [m.logSigmoid(x.neg()), want((v) => -softplus(v)), 1e-6],
    silu: [m.silu(x), want((v) => v * sigmoid(v)), 1e-6],
  });
});

test("gradients at kinks and where a part overflows", async () => {
  const cases = Object.entries(table).flatMap(([name, { f, slopes = [] }]) => {
    const x = m.tensor(slopes.map(([at]) => at));
    const gradient = m.grad((y: m.Tensor) => f(y).sum())(x);
    return [[name, [gradient, slopes.map(([, slope]) => slope), 1e-5]] as const];
  });
  await check(Object.fromEntries(cases));
});

test("NaN passes through, with its gradient", async () => {
  const x = m.tensor([nan]);
  await check(
    Object.fromEntries(
      Object.entries(table)
        .filter(([name]) => name !== "softshrink")
        .map(([name, { f }]) => [name, [f(x), [nan]] as const]),
    ),
  );
  await check({ relu: [m.relu(m.tensor([-Infinity, Infinity])), [0, Infinity]] });
});

test("glu, prelu, and relu of integers", async () => {
  const x = m.tensor([[1, -2, 0, 30]]);
  await check({
    glu: [m.glu(x), [[0.5, -2]]],
    "one slope": [m.prelu(x, m.tensor([0.1])), [[1, -0.2, 0, 30]]],
    "slopes of channels": [m.prelu(x, m.tensor([1, 0.5, 1, 1])), [[1, -1, 0, 30]]],
    integers: [m.relu(m.tensor([-3, 4], { dtype: "i32" })), [0, 4], 0],
    "integers as floats": [m.sigmoid(m.tensor([0, 1], { dtype: "i32" })), [0.5, sigmoid(1)]],
  });
  expect(errorOf(() => m.glu(m.zeros([2, 3]))).problem).toBe("axis -1 has odd size 3");
  expect(errorOf(() => m.prelu(x, m.zeros([3]))).problem).toBe("one slope, or one for each channel");
});

test("gradients, and those of gradients", () => {
  const both = { second: true };
  const smooth = [
    nodes.gelu,
    nodes.sigmoid,
    nodes.logSigmoid,
    nodes.silu,
    nodes.softplus,
    nodes.mish,
    nodes.softsign,
    nodes.tanhshrink,
    nodes.elu,
    nodes.selu,
  ];
  for (const f of smooth) checkGradients((x) => f(x), [operand([12])], both);
  checkGradients((x) => nodes.gelu(x, { approximate: "tanh" }), [operand([12])], both);
  checkGradients((x) => nodes.glu(x), [operand([2, 4])], both);
  checkGradients((x, w) => nodes.prelu(x, w), [operand([2, 3, 2], 1), operand([3], 2)]);
});
