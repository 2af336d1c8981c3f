// Operands of whole numbers for products, and what comes of them: every order of adding them gives the same.
import { placeholder } from "../../engine/evaluate.ts";
import type { GraphNode } from "../../engine/ir/node.ts";

export type Size = readonly [batch: number, m: number, n: number, k: number];

let inputs = 0;
export const f32 = (...shape: number[]): GraphNode => placeholder({ dtype: "f32", shape }, inputs++);

export const values = (x: GraphNode, seed: number): Float32Array =>
  Float32Array.from({ length: x.shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7 + seed * 3) % 11) - 5);

export function product([batch, m, n, k]: Size, a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(batch * m * n);
  for (let s = 0; s < batch; s++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++)
        for (let l = 0; l < k; l++)
          out[(s * m + i) * n + j]! +=
            (a[(s * m + i) * k + l] as number) * (b[(s * k + l) * n + j] as number);
  return out;
}
