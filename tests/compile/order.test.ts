import { expect, test } from "vitest";
import { compile, exp, type Tensor, vjp, zeros } from "../../mod.ts";

test("what is computed piece by piece is in memory piece by piece", () => {
  const [pieces, rows, columns] = [8, 64, 1024];
  // Each piece is read for two gradients, of which one is added up over all pieces.
  const step = compile((x: Tensor, weight: Tensor) => {
    const parts = Array.from({ length: pieces }, (_, i) => {
      const range = [i * columns, (i + 1) * columns] as const;
      const f = (y: Tensor, w: Tensor) => exp(y.matmul(w.transpose())).sum();
      return vjp(f, x, weight.slice(range)).pullback(zeros([]).add(1));
    });
    return { x: parts.map(([y]) => y).reduce((a, b) => a.add(b)), weight: parts.map(([, w]) => w) };
  });
  const plan = step.plan(zeros([rows, 8]), zeros([pieces * columns, 8]));
  const piece = rows * columns * 4;
  expect(plan.pools.reduce((a, b) => a + b)).toBeLessThan(3 * piece);
});
