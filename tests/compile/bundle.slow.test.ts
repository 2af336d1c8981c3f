import { beforeAll, describe, expect, test } from "vitest";
import {
  compile,
  createDevice,
  explain,
  key,
  linear,
  normal,
  setDevice,
  type Tensor,
  treeLeaves,
  valueAndGrad,
  withDebug,
  zeros,
} from "../../mod.ts";
import { adam } from "../../training/mod.ts";
import { nodeGPU } from "../support/host.ts";

type Layers = { weight: Tensor; bias: Tensor }[];

/** Wide enough for tiles in workgroup memory, whose barriers then stand in a branch for some workgroups only. */
const layers = (): Layers =>
  [24, 17].map((n, i, sizes) => ({
    weight: normal(key(i), [n, sizes[i - 1] ?? 32]).mul(0.3),
    bias: zeros([n]),
  }));

const optimiser = adam({ lr: 0.01 });
const start = () => ({ params: layers(), optim: optimiser.init(layers()) });
type State = ReturnType<typeof start>;

const loss = (all: Layers, x: Tensor): Tensor =>
  all
    .reduce((h, { weight, bias }) => linear(h, weight, bias).tanh(), x)
    .square()
    .mean();

/** A step whose gradients are clipped as a whole, so that their lengths are read before they are used. */
function step(state: State, x: Tensor): { state: State; loss: Tensor } {
  const { value, grads } = valueAndGrad(loss)(state.params, x);
  const sum = treeLeaves(grads).reduce((n, g) => g.value.square().sum().add(n), zeros([]));
  const clipped = grads.map(({ weight, bias }) => {
    const factor = sum.sqrt().add(1).reciprocal();
    return { weight: weight.mul(factor), bias: bias.mul(factor) };
  });
  const { params, state: optim } = optimiser.step(state.params, clipped, state.optim);
  return { state: { params, optim }, loss: value };
}

const plain = (state: State, x: Tensor) => {
  const { value, grads } = valueAndGrad(loss)(state.params, x);
  const { params, state: optim } = optimiser.step(state.params, grads, state.optim);
  return { state: { params, optim }, loss: value };
};

async function losses(run: typeof step): Promise<number[]> {
  const compiled = compile(run);
  const x = normal(key(9), [48, 32]);
  let state = start();
  const all: number[] = [];
  for (let i = 0; i < 3; i++) {
    const out = compiled(state, x);
    all.push(await out.loss.item());
    state = out.state;
  }
  const params = await Promise.all(treeLeaves(state.params).map(({ value }) => value.sum().item()));
  return [...all, ...params];
}

describe.each(["gpu", "software"] as const)("kernels of the %s family in one launch", (kernels) => {
  beforeAll(async () => {
    const device = await createDevice({ gpu: nodeGPU(), kernels });
    setDevice(device);
    return () => device.destroy();
  });

  test.each([
    ["a step", plain],
    ["a step with clipping", step],
  ])("%s gives what it gives without fusion", async (_, run) => {
    const together = await losses(run);
    const apart = await withDebug({ fuse: false }, () => losses(run));
    expect(together.length).toBe(apart.length);
    together.forEach((value, i) => {
      expect(Math.abs(value - (apart[i] as number))).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
    });
    const { kernels } = explain(compile(run), start(), normal(key(9), [48, 32]));
    expect(kernels.some(({ name }) => name.startsWith("bundle_of_"))).toBe(true);
  });

  test("none waits for another of its launch", () => {
    const chain = (x: Tensor) => [x.sum(), x.sub(x.sum()).square().sum().sqrt()];
    const { kernels } = explain(chain, zeros([3, 5000]));
    for (const { name } of kernels) expect(name).not.toMatch(/^bundle_of_/);
  });
});
