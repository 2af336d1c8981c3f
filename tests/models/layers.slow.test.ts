import { beforeAll, describe, expect, test } from "vitest";
import {
  arange,
  configureDevice,
  key,
  normal,
  ShapeError,
  type Tensor,
  tensor,
  treeLeaves,
  valueAndGrad,
} from "../../mod.ts";
import {
  Apply,
  BatchNorm,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose2d,
  Dropout,
  DropPath,
  Embedding,
  evalMode,
  GELU,
  GroupNorm,
  Identity,
  keyStream,
  LayerNorm,
  LeakyReLU,
  Linear,
  type Module,
  MultiheadAttention,
  ReLU,
  RMSNorm,
  Sequential,
  Sigmoid,
  SiLU,
  Tanh,
  trainMode,
  WeightNormLinear,
} from "../../models/mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const next = keyStream(key(1));
const names = (model: unknown) =>
  Object.fromEntries(treeLeaves(model).map(({ path, value }) => [path, value.shape]));

describe("names and shapes are torch's", () => {
  const convolution = { key: next(), inChannels: 4, outChannels: 6, groups: 2 };
  test.each<[string, unknown, Record<string, readonly number[]>]>([
    ["Linear", new Linear({ key: next(), inFeatures: 3, outFeatures: 5 }), { weight: [5, 3], bias: [5] }],
    ["no bias", new Linear({ key: next(), inFeatures: 3, outFeatures: 5, bias: false }), { weight: [5, 3] }],
    [
      "WeightNormLinear",
      new WeightNormLinear({ key: next(), inFeatures: 3, outFeatures: 5, bias: false }),
      { weight_g: [5, 1], weight_v: [5, 3] },
    ],
    ["Conv1d", new Conv1d({ ...convolution, kernelSize: 3 }), { weight: [6, 2, 3], bias: [6] }],
    ["Conv2d", new Conv2d({ ...convolution, kernelSize: [3, 5] }), { weight: [6, 2, 3, 5], bias: [6] }],
    ["Conv3d", new Conv3d({ ...convolution, kernelSize: 2 }), { weight: [6, 2, 2, 2, 2], bias: [6] }],
    [
      "ConvTranspose2d",
      new ConvTranspose2d({ ...convolution, kernelSize: 3 }),
      { weight: [4, 3, 3, 3], bias: [6] },
    ],
    [
      "BatchNorm",
      new BatchNorm({ channels: 4 }),
      { weight: [4], bias: [4], running_mean: [4], running_var: [4], num_batches_tracked: [] },
    ],
    [
      "BatchNorm without weights",
      new BatchNorm({ channels: 4, affine: false }),
      { running_mean: [4], running_var: [4], num_batches_tracked: [] },
    ],
    ["LayerNorm", new LayerNorm({ shape: [2, 3] }), { weight: [2, 3], bias: [2, 3] }],
    ["GroupNorm", new GroupNorm({ groups: 2, channels: 4 }), { weight: [4], bias: [4] }],
    ["RMSNorm", new RMSNorm({ shape: 4 }), { weight: [4] }],
    ["Embedding", new Embedding({ key: next(), count: 7, width: 3 }), { weight: [7, 3] }],
    [
      "MultiheadAttention",
      new MultiheadAttention({ key: next(), width: 6, heads: 2 }),
      { in_proj_weight: [18, 6], in_proj_bias: [18], "out_proj.weight": [6, 6], "out_proj.bias": [6] },
    ],
    [
      "Sequential",
      new Sequential([
        new Linear({ key: next(), inFeatures: 2, outFeatures: 3 }),
        new ReLU(),
        new Sequential([new LayerNorm({ shape: 3 })]),
      ]),
      { "0.weight": [3, 2], "0.bias": [3], "2.0.weight": [3], "2.0.bias": [3] },
    ],
    ["Dropout, Identity, Apply", [new Dropout(), new Identity(), new Apply((x) => x.neg())], {}],
  ])("%s", (_, model, expected) => {
    expect(names(model)).toEqual(expected);
  });
});

describe("outputs", () => {
  test("shapes", () => {
    const of = (module: Module, shape: readonly number[]) => module.forward(normal(key(2), shape)).shape;
    const common = { key: next(), inChannels: 4, outChannels: 6, kernelSize: 3 };
    expect(of(new Linear({ key: next(), inFeatures: 3, outFeatures: 5 }), [2, 7, 3])).toEqual([2, 7, 5]);
    expect(of(new Conv1d({ ...common, stride: 2 }), [2, 4, 9])).toEqual([2, 6, 4]);
    expect(of(new Conv2d({ ...common, padding: 1, stride: [2, 1] }), [2, 4, 9, 8])).toEqual([2, 6, 5, 8]);
    expect(of(new Conv2d({ ...common, padding: "same", dilation: 2 }), [2, 4, 9, 8])).toEqual([2, 6, 9, 8]);
    expect(of(new Conv3d(common), [1, 4, 5, 6, 7])).toEqual([1, 6, 3, 4, 5]);
    const up = new ConvTranspose2d({ ...common, stride: 2, padding: 1, outputPadding: 1 });
    expect(of(up, [1, 4, 5, 6])).toEqual([1, 6, 10, 12]);
    expect(of(new MultiheadAttention({ key: next(), width: 6, heads: 3 }), [2, 5, 6])).toEqual([2, 5, 6]);
    const table = new Embedding({ key: next(), count: 7, width: 3 });
    expect(table.forward(tensor([[1, 2]], { dtype: "i32" })).shape).toEqual([1, 2, 3]);
  });

  test("activations and sequences compute what their functions do", async () => {
    const x = tensor([-2, -0.5, 0, 1]);
    const modules = [
      new ReLU(),
      new LeakyReLU({ negativeSlope: 0.5 }),
      new GELU(),
      new SiLU(),
      new Sigmoid(),
      new Tanh(),
      new Apply((y) => y.mul(3)),
      new Identity(),
      new Sequential([new Apply((y) => y.add(1)), new Sequential([]), new ReLU()]),
    ];
    const rows = await Promise.all(modules.map((m) => m.forward(x).data()));
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    const expected = [
      (v: number) => Math.max(0, v),
      (v: number) => (v > 0 ? v : v / 2),
      (v: number) => [-0.0455002639, -0.1542687694, 0, 0.8413447461][[-2, -0.5, 0, 1].indexOf(v)] as number,
      (v: number) => v * sigmoid(v),
      sigmoid,
      Math.tanh,
      (v: number) => 3 * v,
      (v: number) => v,
      (v: number) => Math.max(0, v + 1),
    ];
    const worst = rows.map((row, m) =>
      Math.max(
        ...[-2, -0.5, 0, 1].map((v, i) => Math.abs((row[i] as number) - (expected[m]?.(v) as number))),
      ),
    );
    expect(Math.max(...worst)).toBeLessThan(1e-6);
  });

  test("weight normalisation starts at the plain layer and has rows of length g", async () => {
    const options = { key: next(), inFeatures: 3, outFeatures: 2 };
    const [plain, normed] = [new Linear(options), new WeightNormLinear(options)];
    const x = normal(key(3), [4, 3]);
    const gap = plain.forward(x).sub(normed.forward(x)).abs().max();
    const longer = Object.assign(Object.create(Object.getPrototypeOf(normed)), normed, {
      weight_g: tensor([[2], [3]]),
    }) as WeightNormLinear;
    const lengths = longer.weight().square().sum({ axis: 1 }).sqrt();
    expect(await gap.item()).toBeLessThan(1e-6);
    const [first, second] = await lengths.data();
    expect(first).toBeCloseTo(2, 5);
    expect(second).toBeCloseTo(3, 5);
  });

  test("configurations that cannot work are refused", () => {
    const common = { key: next(), inChannels: 4, outChannels: 6 };
    expect(() => new Conv2d({ ...common, kernelSize: [3, 3, 3] })).toThrow(RangeError);
    expect(() => new Conv2d({ ...common, kernelSize: 3, groups: 4 })).toThrow("groups");
    expect(() => new GroupNorm({ groups: 3, channels: 4 })).toThrow(RangeError);
    expect(() => new MultiheadAttention({ key: next(), width: 6, heads: 4 })).toThrow(RangeError);
    expect(() => new Dropout({ p: 1.5 })).toThrow(RangeError);
    expect(() => new Linear({ key: next(), inFeatures: 3, outFeatures: 5 }).forward(tensor([1, 2]))).toThrow(
      ShapeError,
    );
  });
});

describe("dropout", () => {
  test("keeps the mean in training, one mask for each key, nothing in evaluation", async () => {
    const x = arange(4096).cast("f32").mul(0).add(1);
    const drop = new Dropout({ p: 0.25 });
    expect(drop.forward(x)).toBe(x);
    expect(drop.forward(x, evalMode)).toBe(x);
    const mode = trainMode({ key: key(5) });
    const [a, b] = [await drop.forward(x, mode).data(), await drop.forward(x, mode).data()];
    const again = await drop.forward(x, trainMode({ key: key(5) })).data();
    const dropped = [...a].filter((v) => v === 0).length / 4096;
    expect(dropped).toBeGreaterThan(0.22);
    expect(dropped).toBeLessThan(0.28);
    expect(new Set(a)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(a).not.toEqual(b);
    expect(again).toEqual(a);
    expect(() => drop.forward(x, trainMode())).toThrow("trainMode({ key");
  });

  test("DropPath drops whole samples", async () => {
    const x = normal(key(6), [64, 3, 2]);
    const path = new DropPath({ p: 0.5 });
    expect(path.forward(x)).toBe(x);
    const ratio = await path
      .forward(x, trainMode({ key: key(7) }))
      .div(x)
      .data();
    const samples = Array.from({ length: 64 }, (_, i) => [...ratio.slice(i * 6, i * 6 + 6)].map(Math.round));
    expect(samples.every((s) => new Set(s).size === 1)).toBe(true);
    const kept = samples.filter((s) => s[0] === 2).length;
    expect(kept + samples.filter((s) => s[0] === 0).length).toBe(64);
    expect(kept).toBeGreaterThan(16);
    expect(kept).toBeLessThan(48);
  });
});

test("gradients reach every parameter of every layer", async () => {
  class Everything {
    readonly table = new Embedding({ key: next(), count: 5, width: 6 });
    readonly body = new Sequential([
      new MultiheadAttention({ key: next(), width: 6, heads: 2 }),
      new LayerNorm({ shape: 6 }),
      new Linear({ key: next(), inFeatures: 6, outFeatures: 8 }),
      new GELU(),
      new RMSNorm({ shape: 8 }),
      new Apply((x) => x.reshape([2, 4, 4, 2])),
      new Conv2d({ key: next(), inChannels: 4, outChannels: 4, kernelSize: 3, padding: 1, groups: 2 }),
      new BatchNorm({ channels: 4 }),
      new ConvTranspose2d({ key: next(), inChannels: 4, outChannels: 2, kernelSize: 2, stride: 2 }),
      new GroupNorm({ groups: 2, channels: 2 }),
      new Apply((x) => x.reshape([2, 64])),
      new WeightNormLinear({ key: next(), inFeatures: 64, outFeatures: 3 }),
    ]);
  }
  const indices = tensor(
    [
      [0, 1, 2, 3],
      [4, 0, 1, 2],
    ],
    { dtype: "i32" },
  );
  const target = normal(key(9), [2, 3]);
  const { grads, value } = valueAndGrad((model: Everything, x: Tensor) =>
    model.body.forward(model.table.forward(x), trainMode()).sub(target).square().mean(),
  )(new Everything(), indices);
  expect(Number.isFinite(await value.item())).toBe(true);
  const sizes = await Promise.all(
    treeLeaves(grads).map(async ({ path, value }) => [path, await value.abs().max().item()] as const),
  );
  const still = sizes.filter(([, size]) => !(size > 0)).map(([path]) => path);
  expect(still.sort()).toEqual(["body.7.num_batches_tracked", "body.7.running_mean", "body.7.running_var"]);
});
