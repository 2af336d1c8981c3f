import { expect, test } from "vitest";
import {
  argmax,
  checkpoint,
  customVjp,
  grad,
  matmul,
  NotDifferentiableError,
  ShapeError,
  sin,
  stopGradient,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
} from "../../mod.ts";
import { useDevice } from "../support/device.ts";

useDevice();

const close = async (x: Tensor, expected: readonly number[], digits = 5): Promise<void> => {
  const data = await x.data();
  expect(data.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(data[i]).toBeCloseTo(e, digits);
  });
};

test("the gradient of a polynomial, and the gradient of that", async () => {
  const cube = (x: Tensor) => x.mul(x).mul(x).sum();
  const x = tensor([1, -2, 0.5]);
  await close(grad(cube)(x), [3, 12, 0.75]);
  const second = grad((y: Tensor) => grad(cube)(y).sum());
  await close(second(x), [6, -12, 3]);
  const third = grad((y: Tensor) => second(y).sum());
  await close(third(x), [6, 6, 6]);
});

test("gradients have the structure of the tree, with zeros where nothing depends on a tensor", async () => {
  class Layer {
    weight = tensor([
      [1, 2],
      [3, 4],
    ]);
    unused = tensor([5, 6]);
    name = "layer";
  }
  const model = { layers: [new Layer()], scale: tensor(2) };
  const x = tensor([[1, -1]]);
  const { value, grads, aux } = valueAndGrad((m: typeof model, input: Tensor) => {
    const hidden = matmul(input, (m.layers[0] as Layer).weight).mul(m.scale);
    return { loss: hidden.mul(hidden).sum(), aux: { hidden } };
  })(model, x);
  await close(value, [32]);
  await close(aux.hidden, [-4, -4]);
  expect(grads.layers[0]).toBeInstanceOf(Layer);
  expect(grads.layers[0]?.name).toBe("layer");
  await close((grads.layers[0] as Layer).weight, [-16, -16, 16, 16]);
  await close((grads.layers[0] as Layer).unused, [0, 0]);
  await close(grads.scale, [32]);
});

test("a tensor used outside the argument is a constant", async () => {
  const x = tensor([2, 3]);
  await close(grad((y: Tensor) => y.mul(x).sum())(x), [2, 3]);
});

test("vjp pulls cotangents of several results back to several arguments", async () => {
  const a = tensor([1, 2]);
  const b = tensor([3, 4]);
  const { value, pullback } = vjp((x: Tensor, y: Tensor) => ({ product: x.mul(y), sum: x.add(y) }), a, b);
  await close(value.product, [3, 8]);
  const [da, db] = pullback({ product: tensor([1, 10]), sum: tensor([100, 1000]) });
  await close(da, [103, 1040]);
  await close(db, [101, 1020]);
  expect(() => pullback({ product: tensor([1]), sum: tensor([1, 1]) })).toThrow(ShapeError);
});

test("no gradient flows through stopGradient", async () => {
  await close(grad((x: Tensor) => x.mul(stopGradient(x)).sum())(tensor([2, 3])), [2, 3]);
});

test("customVjp replaces a gradient, and its rule is differentiable again", async () => {
  const clippedSquare = customVjp(
    (x: Tensor) => x.mul(x),
    (ct, { ins: [x] }) => [ct.mul(sin(x))],
  );
  const f = (x: Tensor) => clippedSquare(x).sum();
  const x = tensor([0.5, 2]);
  await close(f(x), [4.25]);
  await close(grad(f)(x), [Math.sin(0.5), Math.sin(2)]);
  await close(grad((y: Tensor) => grad(f)(y).sum())(x), [Math.cos(0.5), Math.cos(2)]);
  const wrong = customVjp(
    (x: Tensor) => x.mul(2),
    () => [tensor([1, 2, 3])],
  );
  expect(() => grad((y: Tensor) => wrong(y).sum())(x)).toThrow(ShapeError);
});

test("customVjp of trees: one rule for all results, null where there is no cotangent", async () => {
  type Pair = { a: Tensor; b: Tensor };
  const turned = customVjp(
    ({ a, b }: Pair, scale: Tensor) => ({ sum: a.add(b).mul(scale), parts: [a.mul(b)] }),
    (ct, { out, ins: [{ a }] }) => [{ a: ct.sum.mul(a), b: ct.parts[0]?.add(out.sum) ?? null }, null],
  );
  const x = { a: tensor([1, 2]), b: tensor([3, 4]) };
  const result = turned(x, tensor(2));
  await close(result.sum, [8, 12]);
  await close(result.parts[0] as Tensor, [3, 8]);
  const loss = (p: Pair & { s: Tensor }) => {
    const { sum, parts } = turned({ a: p.a, b: p.b }, p.s);
    return sum
      .mul(tensor([5, 7]))
      .sum()
      .add((parts[0] as Tensor).mul(tensor([10, 20])).sum());
  };
  const slopes = grad(loss)({ ...x, s: tensor(2) });
  await close(slopes.a, [5, 14]);
  await close(slopes.b, [18, 32]);
  await close(slopes.s, [0]);
  // What is not used has a cotangent of zeros.
  const half = grad((p: Pair) => turned(p, tensor(2)).sum.sum())(x);
  await close(half.b, [8, 12]);
  const second = grad((p: Pair) => grad(loss)({ ...p, s: tensor(2) }).b.sum())(x);
  await close(second.a, [2, 2]);
});

test("checkpoint gives the same values and gradients, also for what its function uses from outside", async () => {
  const x = tensor([0.3, -0.7, 1.1]);
  const w = tensor([2, 0.5, -1]);
  const block = (y: Tensor, v: Tensor) => sin(y.mul(v)).mul(y).exp();
  const plain = valueAndGrad((p: { x: Tensor; w: Tensor }) => block(block(p.x, p.w), p.w).sum())({ x, w });
  const saved = valueAndGrad((p: { x: Tensor; w: Tensor }) => {
    const again = checkpoint((y: Tensor) => block(y, p.w));
    return again(again(p.x)).sum();
  })({ x, w });
  await close(saved.value, [await plain.value.item()]);
  await close(saved.grads.x, [...(await plain.grads.x.data())]);
  await close(saved.grads.w, [...(await plain.grads.w.data())]);
});

test("what has no gradient says why, under the name that the user called", () => {
  const f = () =>
    grad((x: Tensor) => argmax(x).cast("f32").mul(x.sum()).sum().add(x.equal(1).cast("f32").sum()))(
      tensor([1, 2]),
    );
  expect(f).not.toThrow();
  const throughSort = () =>
    grad((x: Tensor) =>
      x
        .mul(0)
        .add(tensor([1]))
        .sum()
        .div(x.sum()),
    )(tensor([1]));
  expect(throughSort).not.toThrow();
  expect(() => grad((x: Tensor) => x)(tensor([1, 2]))).toThrow(ShapeError);
  expect(new NotDifferentiableError("argmax", { problem: "returns indices" }).op).toBe("argmax");
});
