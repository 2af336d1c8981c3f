// Gradients on the host: the graph that `backward` makes, run in float64, against central differences.
import { expect } from "vitest";
import { backward } from "../../engine/autodiff/backward.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { placeholder, storageOf } from "../../engine/evaluate.ts";
import { interpret } from "../../engine/ir/interpret.ts";
import { type GraphNode, topologicalOrder } from "../../engine/ir/node.ts";
import { composedAttention, ops } from "../../engine/ops/build.ts";
import { installReferences } from "../../engine/ops/on-host/all.ts";

installReferences(composedAttention);

export interface HostOperand {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Numbers between -2 and 2 that look random and are the same in every run. */
export function numbers(count: number, seed = 1): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 4 - 2;
  });
}

export const operand = (shape: readonly number[], seed = 1, scale = 1): HostOperand => ({
  shape,
  values: numbers(sizeOf(shape), seed).map((x) => x * scale),
});

type Values = ReadonlyMap<GraphNode, Float64Array>;

/** Values of nodes in float64. Tables that functions have made are read from where they are. */
export function onHost(outputs: readonly GraphNode[], given: Values): Float64Array[] {
  const all = new Map(given);
  for (const node of topologicalOrder(outputs))
    if (node.stored) all.set(node, Float64Array.from(storageOf(node).hostData as ArrayLike<number>));
  return interpret(outputs, all).map((x) => x.data);
}

export interface GradientOptions {
  readonly tolerance?: number;
  /** Differentiates the gradient once more. */
  readonly second?: boolean;
}

/** Compares the gradients of a weighted sum of `f` with central differences, at a dozen elements of each operand. */
export function checkGradients(
  f: (...operands: GraphNode[]) => GraphNode,
  operands: readonly HostOperand[],
  { tolerance = 1e-6, second = false }: GradientOptions = {},
): void {
  const nodes = operands.map((x, i) => placeholder({ dtype: "f32", shape: x.shape }, i));
  const given = new Map<GraphNode, Float64Array>(
    nodes.map((node, i) => [node, Float64Array.from((operands[i] as HostOperand).values)]),
  );
  const weighted = (y: GraphNode, seed: number): { node: GraphNode; ct: GraphNode } => {
    const ct = placeholder(y, 100 + seed);
    given.set(ct, Float64Array.from(numbers(sizeOf(y.shape), seed)));
    return { node: y, ct };
  };
  const seeds = [weighted(f(...nodes), 7)];
  let gradients = backward(seeds, nodes, ops);
  if (second) {
    const first = gradients.flatMap((g, i) => (g ? [weighted(g, 11 + i)] : []));
    seeds.splice(0, 1, ...first);
    gradients = backward(first, nodes, ops);
  }
  const loss = (): number => {
    const values = onHost(
      seeds.map((s) => s.node),
      given,
    );
    return seeds.reduce(
      (total, { ct }, i) =>
        total +
        (values[i] as Float64Array).reduce(
          (sum, v, j) => sum + v * ((given.get(ct) as Float64Array)[j] as number),
          0,
        ),
      0,
    );
  };
  gradients.forEach((gradient, i) => {
    const x = given.get(nodes[i] as GraphNode) as Float64Array;
    const got = gradient ? (onHost([gradient], given)[0] as Float64Array) : new Float64Array(x.length);
    const stride = Math.max(1, Math.floor(x.length / 12));
    for (let j = 0; j < x.length; j += stride) {
      const before = x[j] as number;
      const step = 1e-5;
      x[j] = before + step;
      const above = loss();
      x[j] = before - step;
      const below = loss();
      x[j] = before;
      const want = (above - below) / (2 * step);
      const gap = Math.abs((got[j] as number) - want);
      expect(gap, `d operand ${i} [${j}]: ${got[j]}, by differences ${want}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(want)) + 1e-7,
      );
    }
  });
}
