import { expect, test } from "vitest";
import { dropout, explain, key, linear, minimum, type Tensor, zeros } from "../../mod.ts";

// Without a device: plans for a GPU with the guaranteed limits.

test("random bits are not drawn inside the tile of a contraction", () => {
  const layer = (x: Tensor, w: Tensor, k: Tensor) => dropout(linear(x, w).tanh(), { p: 0.1, key: k });
  const { kernels } = explain(layer, zeros([64, 20]), zeros([32, 20]), key(0));
  expect(kernels.map(({ ops }) => ops.includes("threefry") && ops.includes("dot"))).not.toContain(true);
  // The mask by itself, and everything else with the contraction.
  expect(kernels.length).toBe(2);
});

test("a number that all tensors are scaled by is computed once, however it is made", () => {
  const tensors = Array.from({ length: 12 }, (_, i) => zeros([16 + i]));
  const scaled = (xs: Tensor[], ms: Tensor[]) => {
    const norm = xs.map((x) => x.mul(x).sum()).reduce((a, b) => a.add(b));
    const factor = minimum(norm.sqrt().add(1e-6).reciprocal(), 1);
    return xs.map((x, i) => {
      const g = x.mul(factor);
      const m = (ms[i] as Tensor).mul(0.9).add(g);
      return { m, v: g.mul(g) };
    });
  };
  const { kernels } = explain(
    scaled,
    tensors,
    tensors.map((x) => x.add(1)),
  );
  const updates = kernels.filter(({ ops }) => ops.includes("mul") && !ops.includes("sum"));
  expect(updates.map(({ name }) => name)).toHaveLength(1);
});
