import { beforeAll, expect, test } from "vitest";
import { compile, configureDevice, type Tensor, tensor, valueAndGrad, vjp } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

const loss = ({ a, b }: { a: Tensor; b: Tensor }): Tensor => a.mul(3).add(b.mul(b)).sum();

test("a tensor that stands in two places has the gradient of each", async () => {
  const w = tensor([1, 2]);
  for (const f of [valueAndGrad(loss), compile(valueAndGrad(loss))]) {
    const { grads } = f({ a: w, b: w });
    expect([...(await grads.a.data())]).toEqual([3, 3]);
    expect([...(await grads.b.data())]).toEqual([2, 4]);
  }
});

test("vjp of equal arguments", async () => {
  const w = tensor([2, 5]);
  const { value, pullback } = vjp((x: Tensor, y: Tensor) => x.mul(y).mul(y), w, w);
  const [dx, dy] = pullback(tensor([1, 1]));
  expect([...(await value.data())]).toEqual([8, 125]);
  expect([...(await dx.data())]).toEqual([4, 25]);
  expect([...(await dy.data())]).toEqual([8, 50]);
});
