// Gradients of whole random programs along random directions, against differences of the reference in float64.
import fc from "fast-check";
import { expect, test } from "vitest";
import { backward } from "../../engine/autodiff/backward.ts";
import { isFloat } from "../../engine/core/dtype.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { interpret } from "../../engine/ir/interpret.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { composedAttention, ops as o } from "../../engine/ops/build.ts";
import { installReferences } from "../../engine/ops/on-host/all.ts";
import { drawn, naming } from "../compile/check-program.ts";
import { programOf, type Recipe, recipes } from "../compile/random-program.ts";
import { randomNumbers } from "./accuracy.ts";

installReferences(composedAttention);

type Values = ReadonlyMap<GraphNode, Float64Array>;

const weightOf = (i: number): number => (i % 2 ? -0.5 : 1);

/** The weighted sum of all float results. */
const lossOf = (outputs: readonly GraphNode[], values: Values): number =>
  interpret(outputs, values).reduce((sum, t, i) => sum + weightOf(i) * t.data.reduce((a, b) => a + b, 0), 0);

/** Whether the loss was smooth enough along the direction to be compared; throws where the gradient is another one. */
function checkDirection(recipe: Recipe): boolean {
  const program = programOf({ ...recipe, gradient: false });
  const outputs = program.outputs.filter((x) => isFloat(x.dtype));
  if (outputs.length === 0) return false;
  const random = randomNumbers(recipe.seed + 5);
  // Away from the round numbers among the operands, which are there to meet kinks and ties.
  const given: Values = new Map(
    [...program.given].map(([x, data]) => [
      x,
      Float64Array.from(data, (v) => (isFloat(x.dtype) ? v + (random() - 0.5) / 10 : v)),
    ]),
  );
  const wrt = [...given.keys()].filter((x) => isFloat(x.dtype));
  const seeds = outputs.map((node, i) => ({ node, ct: o.full(node.shape, weightOf(i), node.dtype) }));
  const gradients = backward(seeds, wrt, o).map((g, i) => g ?? o.zerosLike(wrt[i] as GraphNode));
  const direction = new Map(
    wrt.map((x) => [x, Float64Array.from({ length: sizeOf(x.shape) }, () => 2 * random() - 1)]),
  );
  const moved = (step: number): number =>
    lossOf(
      outputs,
      new Map(
        [...given].map(([x, data]) => [x, data.map((v, i) => v + step * (direction.get(x)?.[i] ?? 0))]),
      ),
    );
  const h = 1e-5;
  const [middle, ahead, behind] = [moved(0), moved(h), moved(-h)];
  const coarse = (ahead - behind) / (2 * h);
  const fine = (moved(h / 2) - moved(-h / 2)) / h;
  const scale = Math.max(1, Math.abs(coarse), 1e-6 * Math.abs(middle));
  const kink = Math.abs(ahead - 2 * middle + behind) / h;
  if (!(Math.abs(coarse - fine) < 1e-4 * scale && kink < 1e-3 * scale)) return false;
  const slope = interpret(gradients, given).reduce((sum, g, k) => {
    const along = direction.get(wrt[k] as GraphNode) as Float64Array;
    return sum + g.data.reduce((a, b, i) => a + b * (along[i] as number), 0);
  }, 0);
  naming("gradient", program, () => {
    if (!(Math.abs(slope - fine) < 1e-3 * scale)) throw new Error(`slope ${slope} instead of ${fine}`);
  });
  return true;
}

test("gradients of random programs are slopes", () => {
  let compared = 0;
  let drawnSoFar = 0;
  fc.assert(
    fc.property(recipes(), (recipe) => {
      drawnSoFar++;
      if (checkDirection(recipe)) compared++;
    }),
    drawn(250),
  );
  expect(compared).toBeGreaterThan(drawnSoFar / 2);
});
