import { expect, test } from "vitest";
import { methods } from "../../engine/functions/define.ts";
import * as m from "../../mod.ts";
import { check, errorOf, useNodeDevice } from "./check.ts";

useNodeDevice();

test("methods are the functions with the tensor in front", async () => {
  const x = m.tensor([
    [1, 2],
    [3, 4],
  ]);
  const [a, b] = x.split(2, { axis: 1 }) as [m.Tensor, m.Tensor];
  await check({
    chain: [x.add(1).mul(x).sum({ axis: 1 }), [8, 32], 0],
    "tensors in options": [
      x.clip({ max: m.tensor([2, 3]) }),
      [
        [1, 2],
        [2, 3],
      ],
      0,
    ],
    "lists of tensors": [a.sub(b), [[-1], [-1]], 0],
    "objects of tensors": [x.topK(1).indices, [[1], [1]], 0],
    "lists of operands": [
      x.indexSet([m.scalar(0, "i32"), 1], 9),
      [
        [1, 9],
        [3, 4],
      ],
      0,
    ],
    matmul: [
      x.matmul(x),
      [
        [7, 10],
        [15, 22],
      ],
    ],
    softmax: [x.softmax().sum({ axis: -1 }), [1, 1]],
    relu: [
      x.neg().relu(),
      [
        [0, 0],
        [0, 0],
      ],
      0,
    ],
  });
  expect(x.add(1)).toBeInstanceOf(m.Tensor);
});

test("every method is there, and exported under its name, by which types know it", async () => {
  const families = ["activation", "creation", "elementwise", "indexing", "linear", "normalization"];
  families.push("pad", "reduction", "shape", "slice", "sorting");
  const modules = await Promise.all(families.map((family) => import(`../../engine/functions/${family}.ts`)));
  const exported: Record<string, unknown> = Object.assign({}, ...modules);
  for (const [name, f] of methods) {
    expect(exported[name], name).toBe(f);
    expect(m.Tensor.prototype, name).toHaveProperty(name);
  }
  expect(methods.size).toBeGreaterThanOrEqual(148);
});

test("errors carry the method's name", () => {
  const x = m.zeros([2, 3]);
  expect(errorOf(() => x.transpose(0, 5)).op).toBe("transpose");
  expect(errorOf(() => x.mul(m.zeros([4]))).op).toBe("mul");
});

test("what is no tensor or no dtype is told, since JavaScript does not", () => {
  const wrong = (x: unknown) => x as m.Tensor;
  const problems = [
    () => m.sin(wrong(0.5)),
    () => m.add(m.ones([2]), wrong("1")),
    () => m.ones([2]).mul(wrong(null)),
    () => m.where(m.ones([2]).equal(1), 1, wrong(undefined)),
    () => m.cast(m.ones([2]), "f64" as m.DType),
    () => m.zeros([2], { dtype: "float32" as m.DType }),
    () => m.tensor([1], { dtype: "int" as m.DType }),
  ].map((body) => errorOf(body));
  expect(problems.map(({ name }) => name)).toEqual(problems.map(() => "DTypeError"));
  expect(problems.map(({ op, problem }) => `${op}: ${problem}`)).toEqual([
    "sin: 0.5 is no tensor",
    "add: 1 is no tensor",
    "mul: null is no tensor",
    "where: undefined is no tensor",
    'cast: "f64" is no dtype',
    'zeros: "float32" is no dtype',
    'tensor: "int" is no dtype',
  ]);
});

test("methods are no own properties: printing and trees see the tensor alone", () => {
  expect(Object.keys(m.zeros([1]))).toEqual(["node"]);
  expect(Object.keys(m.Tensor.prototype)).toEqual([]);
});

test("long chains are evaluated on the way", async () => {
  let x = m.tensor([0]);
  for (let i = 0; i < 5000; i++) x = x.add(1);
  expect(x.node.pending).toBeLessThan(5000);
  expect(await x.item()).toBe(5000);
});
