// Where a program turns from the forward to the backward pass, contractions on a GPU compute their operands on the spot.
import { expect, test } from "vitest";
import {
  compile,
  createDevice,
  gelu,
  matmul,
  setDevice,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

const [ROWS, WIDTH, HIDDEN, DEPTH] = [1024, 8, 1024, 3];

type Layer = Record<"up" | "down", Tensor>;

const wave = (shape: readonly number[], phase: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => 0.3 * Math.sin(phase + i * 1.7)),
    { shape },
  );

/** One step of gradient descent of a residual network of MLPs. */
const step = compile((layers: readonly Layer[], x: Tensor): readonly Layer[] => {
  const { grads } = valueAndGrad((ls: readonly Layer[]) =>
    ls
      .reduce((y, { up, down }) => y.add(matmul(gelu(matmul(y, up)), down).mul(0.01)), x)
      .square()
      .sum(),
  )(layers);
  return layers.map(({ up, down }, i) => {
    const slope = grads[i] as Layer;
    return { up: up.sub(slope.up), down: down.sub(slope.down) };
  });
});

/** The step by one family of kernels: which values of the hidden layers it keeps, and the new weights. */
async function take(kernels: "gpu" | "software") {
  const device = await createDevice({ gpu: nodeGPU(), kernels });
  setDevice(device);
  const layers = Array.from({ length: DEPTH }, (_, i) => ({
    up: wave([WIDTH, HIDDEN], i),
    down: wave([HIDDEN, WIDTH], i + 0.5),
  }));
  const x = wave([ROWS, WIDTH], 9);
  const hidden = step.plan(layers, x).values.filter((v) => `${v.shape}` === `${[ROWS, HIDDEN]}`);
  const results = step(layers, x).flatMap(({ up, down }) => [up, down]);
  const weights = await Promise.all(results.map((w) => w.data()));
  device.destroy();
  return { hidden: hidden.map((v) => v.op), weights };
}

test("a step that keeps no operand there is the one that keeps all", async () => {
  const software = await take("software");
  const gpu = await take("gpu");
  // Of the first layer, whose values are old when its gradients are made, no result of GELU: neither time.
  expect([software, gpu].map(({ hidden }) => hidden.filter((op) => op === "gelu").length)).toEqual([6, 3]);
  gpu.weights.forEach((w, k) => {
    const expected = software.weights[k] as typeof w;
    const error = Math.max(...w.map((v, i) => Math.abs(v - (expected[i] as number))));
    expect(error).toBeLessThan(1e-4 * Math.max(...expected.map(Math.abs)));
  });
});
