import { expect, test } from "vitest";
import * as nodes from "../../engine/functions/convolution.ts";
import * as unfolding from "../../engine/functions/unfold.ts";
import { eachPosition } from "../../engine/ops/host-loops.ts";
import * as m from "../../mod.ts";
import * as vision from "../../vision.ts";
import { errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, type ExpectedGrid, Grid, zeros } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

interface Case {
  readonly x: number[];
  readonly w: number[];
  readonly stride: number[];
  readonly padding: number[];
  readonly dilation: number[];
  readonly groups: number;
  readonly outputPadding?: number[];
}

/** Pairs each input position with the output position that sees it through each tap. */
function eachTap(
  c: Case,
  w: readonly number[],
  output: readonly number[],
  visit: (out: number[], tap: readonly number[], input: number[]) => void,
): void {
  const taps = w.slice(2);
  eachPosition(output.slice(2), (out) => {
    eachPosition(taps, (tap) => {
      const input = out.map((o, i) => o * c.stride[i]! + tap[i]! * c.dilation[i]! - c.padding[i]!);
      visit([...out], [...tap], input);
    });
  });
}

function convolved(c: Case, x: Grid, w: Grid, bias: Grid): Grid {
  const [batch = 0, channels = 0, ...space] = x.shape;
  const [outputs = 0, perGroup = 0, ...taps] = w.shape;
  const sizes = space.map(
    (n, i) => Math.floor((n + 2 * c.padding[i]! - c.dilation[i]! * (taps[i]! - 1) - 1) / c.stride[i]!) + 1,
  );
  const y = Grid.from([batch, outputs, ...sizes], (_, o) => bias.get(o));
  eachTap(c, w.shape, y.shape, (out, tap, input) => {
    for (let b = 0; b < batch; b++)
      for (let o = 0; o < outputs; o++)
        for (let k = 0; k < perGroup; k++) {
          const channel = Math.floor(o / (outputs / c.groups)) * (channels / c.groups) + k;
          y.add([b, o, ...out], x.read([b, channel, ...input]) * w.get(o, k, ...tap));
        }
  });
  return y;
}

/** Every input spreads the kernel over the output. */
function transposed(c: Case, x: Grid, w: Grid, bias: Grid): Grid {
  const [batch = 0, inputs = 0, ...space] = x.shape;
  const [, perGroup = 0, ...taps] = w.shape;
  const sizes = space.map(
    (n, i) =>
      (n - 1) * c.stride[i]! - 2 * c.padding[i]! + c.dilation[i]! * (taps[i]! - 1) + c.outputPadding![i]! + 1,
  );
  const y = Grid.from([batch, perGroup * c.groups, ...sizes], (_, o) => bias.get(o));
  eachTap(c, w.shape, x.shape, (from, tap, to) => {
    if (to.some((n, i) => n < 0 || n >= sizes[i]!)) return;
    for (let b = 0; b < batch; b++)
      for (let i = 0; i < inputs; i++)
        for (let k = 0; k < perGroup; k++) {
          const o = Math.floor(i / (inputs / c.groups)) * perGroup + k;
          y.add([b, o, ...to], x.get(b, i, ...from) * w.get(i, k, ...tap));
        }
  });
  return y;
}

const convs: Case[] = [
  { x: [2, 3, 9], w: [4, 3, 3], stride: [2], padding: [1], dilation: [2], groups: 1 },
  { x: [2, 4, 6, 5], w: [6, 2, 3, 2], stride: [1, 2], padding: [1, 0], dilation: [1, 2], groups: 2 },
  { x: [1, 3, 7, 7], w: [3, 1, 3, 3], stride: [3, 1], padding: [0, 2], dilation: [1, 1], groups: 3 },
  { x: [3, 2, 4, 4], w: [5, 2, 1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
  {
    x: [1, 2, 3, 4, 5],
    w: [2, 2, 2, 3, 1],
    stride: [1, 2, 1],
    padding: [1, 1, 0],
    dilation: [1, 1, 1],
    groups: 1,
  },
];
const transposes: Case[] = [
  { x: [2, 3, 5], w: [3, 4, 4], stride: [2], padding: [1], dilation: [1], groups: 1, outputPadding: [1] },
  {
    x: [1, 4, 3, 4],
    w: [4, 2, 3, 2],
    stride: [2, 3],
    padding: [0, 1],
    dilation: [2, 1],
    groups: 2,
    outputPadding: [1, 2],
  },
  {
    x: [1, 2, 2, 3, 2],
    w: [2, 3, 2, 2, 3],
    stride: [1, 2, 2],
    padding: [0, 0, 1],
    dilation: [1, 1, 1],
    groups: 1,
    outputPadding: [0, 0, 1],
  },
];

const byRank =
  <T>(one: T, two: T, three: T) =>
  (c: Case): T =>
    [one, two, three][c.x.length - 3] as T;
const conv = byRank(m.conv1d, m.conv2d, m.conv3d);
const convTranspose = byRank(m.convTranspose1d, m.convTranspose2d, m.convTranspose3d);
const convOnNodes = byRank(nodes.conv1d, nodes.conv2d, nodes.conv3d);
const convTransposeOnNodes = byRank(nodes.convTranspose1d, nodes.convTranspose2d, nodes.convTranspose3d);

test("convolutions equal the loops over windows", async () => {
  const cases = convs.map((c, i): [string, ExpectedGrid] => {
    const [x, w, b] = [Grid.random(c.x, i + 1), Grid.random(c.w, i + 20), Grid.random([c.w[0]!], i + 40)];
    return [
      `[${c.x}] by [${c.w}]`,
      [conv(c)(x.tensor, w.tensor, { ...c, bias: b.tensor }), convolved(c, x, w, b)],
    ];
  });
  await checkGrids(Object.fromEntries(cases));
});

test("transposed convolutions equal the loops that spread each input", async () => {
  const cases = transposes.map((c, i): [string, ExpectedGrid] => {
    const [x, w, b] = [
      Grid.random(c.x, i + 1),
      Grid.random(c.w, i + 20),
      Grid.random([c.w[1]! * c.groups], i + 40),
    ];
    return [
      `[${c.x}] by [${c.w}]`,
      [convTranspose(c)(x.tensor, w.tensor, { ...c, bias: b.tensor }), transposed(c, x, w, b)],
    ];
  });
  await checkGrids(Object.fromEntries(cases));
});

test("padding by name, numbers for all axes, and operands without a batch axis", async () => {
  const [x, w] = [Grid.random([1, 2, 5, 6], 1), Grid.random([3, 2, 4, 3], 2)];
  const none = zeros([3]);
  const plain = { ...convs[0]!, x: [], w: [], stride: [1, 1], dilation: [1, 1], groups: 1 };
  const single = m.tensor(Float32Array.from(x.data), { shape: [2, 5, 6] });
  // Of the three zeros that a kernel of 4 needs, two come behind.
  const shifted = Grid.from([1, 2, 6, 6], (b, c, i, j) => x.read([b, c, i, j]));
  const same = convolved({ ...plain, padding: [1, 1] }, shifted, w, none);
  await checkGrids({
    valid: [
      m.conv2d(x.tensor, w.tensor, { padding: "valid" }),
      convolved({ ...plain, padding: [0, 0] }, x, w, none),
    ],
    same: [m.conv2d(x.tensor, w.tensor, { padding: "same" }), same],
    numbers: [
      m.conv2d(x.tensor, w.tensor, { padding: 2, stride: 2 }),
      convolved({ ...plain, stride: [2, 2], padding: [2, 2] }, x, w, none),
    ],
    "no batch": [
      m.conv2d(single, w.tensor),
      new Grid([3, 2, 4], convolved({ ...plain, padding: [0, 0] }, x, w, none).data),
    ],
  });
});

test("unfold and fold equal their loops", async () => {
  const c = { kernelSize: [2, 3], stride: [2, 1], padding: [1, 0], dilation: [1, 2] };
  const x = Grid.random([2, 2, 5, 7], 1);
  const positions = [3, 3];
  const columns = Grid.from([2, 2 * 6, 9], (b, row, column) => {
    const [channel, i, j] = [Math.floor(row / 6), Math.floor((row % 6) / 3), row % 3];
    const [oi, oj] = [Math.floor(column / 3), column % 3];
    return x.read([b, channel, oi * 2 + i - 1, oj + j * 2]);
  });
  const y = Grid.random([2, 12, 9], 2);
  const image = zeros([2, 2, 5, 7]);
  eachPosition([2, 2, 2, 3, ...positions], ([b = 0, channel = 0, i = 0, j = 0, oi = 0, oj = 0]) => {
    const at = [b, channel, oi * 2 + i - 1, oj + j * 2];
    if (at[2]! >= 0 && at[2]! < 5) image.add(at, y.get(b, channel * 6 + i * 3 + j, oi * 3 + oj));
  });
  await checkGrids({
    unfold: [vision.unfold(x.tensor, c), columns],
    fold: [vision.fold(y.tensor, { ...c, outputSize: [5, 7] }), image],
  });
});

test("gradients, and those of gradients", () => {
  for (const c of convs)
    checkGradients(
      (x, w, bias) => convOnNodes(c)(x, w, { ...c, bias }),
      [operand(c.x, 1), operand(c.w, 2), operand([c.w[0]!], 3)],
    );
  for (const c of transposes)
    checkGradients((x, w) => convTransposeOnNodes(c)(x, w, c), [operand(c.x, 1), operand(c.w, 2)]);
  const small = { stride: 2, padding: 1 };
  checkGradients((x, w) => nodes.conv2d(x, w, small), [operand([1, 2, 4, 3], 1), operand([2, 2, 3, 2], 2)], {
    second: true,
  });
  const c = { kernelSize: 2, stride: 1, padding: 1, dilation: 2 };
  checkGradients((x) => unfolding.unfold(x, c), [operand([1, 2, 4, 3])]);
  checkGradients((x) => unfolding.fold(x, { ...c, outputSize: [4, 3] }), [operand([1, 8, 12])]);
});

test("refuses what does not fit", () => {
  const [x, w] = [m.zeros([1, 4, 5, 5]), m.zeros([6, 2, 3, 3])];
  expect(errorOf(() => m.conv2d(x, w))).toEqual({
    name: "ShapeError",
    op: "conv2d",
    problem: "channels differ",
  });
  expect(errorOf(() => m.conv2d(x, w, { groups: 4 })).problem).toBe("channels differ");
  expect(errorOf(() => m.conv2d(x, m.zeros([6, 4, 6, 3]))).problem).toBe(
    "the kernel is larger than the padded input",
  );
  expect(errorOf(() => m.conv2d(x, w, { groups: 2, stride: 0 }))).toEqual({
    name: "AxisError",
    op: "conv2d",
    problem: "stride does not fit",
  });
  expect(errorOf(() => m.conv2d(x, w, { groups: 2, padding: "same", stride: 2 })).name).toBe("AxisError");
  expect(errorOf(() => m.conv1d(x, w, { groups: 2 })).problem).toBe("w does not have 1 kernel axes");
  expect(errorOf(() => m.conv2d(x, w, { groups: 2, bias: m.zeros([5]) })).problem).toBe(
    "one bias for each output channel",
  );
  expect(errorOf(() => m.convTranspose2d(x, m.zeros([4, 2, 3, 3]), { outputPadding: 1 })).problem).toBe(
    "outputPadding is too large",
  );
  expect(errorOf(() => vision.unfold(x, { kernelSize: 7 })).problem).toBe(
    "the window is larger than the padded input",
  );
  expect(errorOf(() => vision.fold(m.zeros([1, 9, 4]), { kernelSize: 3, outputSize: 5 })).name).toBe(
    "ShapeError",
  );
});
