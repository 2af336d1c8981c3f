// What the backward pass keeps of the forward pass, in half precision: which values that is, and what it changes. Plans
// are made on the null device, and run on the CPU by the text of their kernels.
import { afterEach, describe, expect, test } from "vitest";
import type { HostData } from "../../engine/core/dtype.ts";
import type { Plan } from "../../engine/ir/plan.ts";
import {
  type Compiled,
  compile,
  createDevice,
  type Device,
  DeviceLimitError,
  gelu,
  key,
  matmul,
  setDevice,
  type Tensor,
  tensor,
  treeLeaves,
  valueAndGrad,
  zeros,
} from "../../mod.ts";
import { Block } from "../../models/vit/mod.ts";
import { nullGPU } from "../support/host.ts";
import { runPlan } from "../support/run-plan.ts";

const FAMILIES = ["gpu", "software"] as const;

let device: Device | undefined;
afterEach(() => {
  device?.destroy();
  device = undefined;
});

async function open(kernels: (typeof FAMILIES)[number], f16 = true): Promise<void> {
  device = await createDevice({ gpu: nullGPU(), kernels });
  if (!f16) Object.defineProperty(device, "profile", { value: { ...device.profile, f16 } });
  setDevice(device);
}

const wave = (shape: readonly number[], phase: number, size = 0.4): Float32Array =>
  Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => size * Math.sin(phase + i * i * 0.37),
  );

/** Runs the plan of a function of a tree and a tensor; the numbers of all its results, one behind the other. */
function run<T>(
  f: Compiled<[T, Tensor], unknown>,
  tree: T,
  x: Tensor,
  numbers: readonly HostData[],
): number[][] {
  const plan = f.plan(tree, x);
  const like = plan.outputs.map((_, i) =>
    i === 0 ? { dtype: "f32" as const, shape: [] } : treeLeaves(tree)[i - 1]?.value,
  );
  return runPlan(plan, numbers, like as { dtype: "f32"; shape: number[] }[]).map((x) => [...x]);
}

const norm = (x: readonly number[]): number => Math.hypot(...x);
const distance = (x: readonly number[], y: readonly number[]): number =>
  norm(x.map((v, i) => v - (y[i] as number))) / norm(y);

const halves = ({ values }: Plan): string[] =>
  values.filter((v) => v.dtype === "f16").map((v) => `${v.op} ${v.shape.join("x")}`);

describe("blocks of a vision transformer", () => {
  const [BATCH, TOKENS, WIDTH] = [2, 35, 64];
  const shape = [BATCH, TOKENS, WIDTH];
  const blocks = [1, 2].map(
    (n) => new Block({ key: key(n), width: WIDTH, heads: 2, mlpRatio: 1.5, dropPath: 0 }),
  );
  const step = (activations: "f32" | "f16") =>
    compile(
      (model: typeof blocks, x: Tensor) =>
        valueAndGrad((m: typeof blocks) =>
          m
            .reduce((y, block) => block.forward(y), x)
            .square()
            .mean(),
        )(model),
      { activations },
    );

  for (const kernels of FAMILIES)
    test(`${kernels}: have nearly the same gradients`, async () => {
      await open(kernels);
      const x = tensor(wave(shape, 9, 1), { shape });
      const numbers = [
        ...treeLeaves(blocks).map(({ value }, i) => wave(value.shape, i, value.shape.length > 1 ? 0.2 : 1)),
        wave(shape, 9, 1),
      ];
      const whole = run(step("f32"), blocks, x, numbers);
      const half = run(step("f16"), blocks, x, numbers);
      expect(half.length).toBe(treeLeaves(blocks).length + 1);
      expect(distance(half[0] as number[], whole[0] as number[])).toBeLessThan(2e-4);
      const worst = Math.max(...half.map((g, i) => distance(g, whole[i] as number[])));
      expect(worst).toBeLessThan(5e-3);
      // It is another plan, after all.
      expect(worst).toBeGreaterThan(1e-5);
    });

  test("keep halves of what is large, and no statistics", async () => {
    await open("gpu");
    const plans = (["f32", "f16"] as const).map((a) =>
      step(a).plan(blocks, tensor(wave(shape, 9), { shape })),
    );
    const [whole, half] = plans as [Plan, Plan];
    expect(halves(whole)).toEqual([]);
    expect(halves(half).sort()).toEqual(
      [
        // Queries, keys and values of both blocks; what the first one's attention gives, and what GELU is applied to.
        "linear 2x35x192",
        "linear 2x35x192",
        "scaledDotProductAttention 2x2x35x32",
        "linear 2x35x96",
        // Normalised rows.
        "layerNorm 2x35x64",
        "layerNorm 2x35x64",
      ].sort(),
    );
    expect(half.steps.length).toBe(whole.steps.length);
  });
});

describe("layers of an MLP", () => {
  const [ROWS, WIDTH, HIDDEN, DEPTH] = [32, 8, 160, 5];
  type Layer = Record<"up" | "down", Tensor>;
  const layers = Array.from({ length: DEPTH }, () => ({
    up: zeros([WIDTH, HIDDEN]),
    down: zeros([HIDDEN, WIDTH]),
  }));
  const step = (activations: "f32" | "f16") =>
    compile(
      (tree: readonly Layer[], x: Tensor) =>
        valueAndGrad((ls: readonly Layer[]) =>
          ls.reduce((y, { up, down }) => y.add(matmul(gelu(matmul(y, up)), down)), x).mean(),
        )(tree),
      { activations },
    );
  const x = zeros([ROWS, WIDTH]);
  /** With one number of the first layer's weights put into it. */
  const numbers = (special: number): Float32Array[] => [
    ...treeLeaves(layers).map(({ value }, i) => {
      const data = wave(value.shape, i, 0.1);
      if (i === 0) data[0] = special;
      return data;
    }),
    wave([ROWS, WIDTH], 9, 1),
  ];

  test("go on with the largest number there is, and with NaN", async () => {
    await open("software");
    const f = step("f16");
    // The last layers are not kept for long.
    expect(halves(f.plan(layers, x))).toEqual(["matmul 32x160", "matmul 32x160"]);
    for (const big of [1e7, -1e7]) {
      const results = run(f, layers, x, numbers(big));
      expect(results.flat().every(Number.isFinite)).toBe(true);
    }
    const [loss] = run(f, layers, x, numbers(Number.NaN)) as [number[]];
    expect(loss).toEqual([Number.NaN]);
  });

  test("need an adapter that has it", async () => {
    await open("software", false);
    expect(halves(step("f32").plan(layers, x))).toEqual([]);
    expect(() => step("f16").plan(layers, x)).toThrow(DeviceLimitError);
    expect(() => step("f16").plan(layers, x)).toThrow(
      'activations "f16": needs shader-f16 of 1, the adapter offers 0; try "f32"',
    );
  });
});
