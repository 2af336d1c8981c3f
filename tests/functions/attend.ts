// Attention of drawn operands, with the gradients of all of them.
import { backward } from "../../engine/autodiff/backward.ts";
import { isFloat } from "../../engine/core/dtype.ts";
import { type AttentionOptions, scaledDotProductAttention } from "../../engine/functions/attention.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops as o } from "../../engine/ops/build.ts";
import type { HostData } from "../../mod.ts";
import { randomNumbers } from "../ops/accuracy.ts";
import { drawOperand } from "../ops/derive.ts";

type Domain = readonly [number, number];
export type Given = Map<GraphNode, HostData>;

export function drawn(
  given: Given,
  shape: readonly number[],
  domain: Domain = [-2, 2],
  dtype: "f32" | "bool" = "f32",
) {
  const { node, data } = drawOperand({ shape, dtype, domain, first: [] }, randomNumbers(given.size + 1));
  given.set(node, data);
  return node;
}

export interface Sizes {
  readonly lead?: readonly number[];
  readonly n: number;
  readonly m?: number;
  readonly d?: number;
  readonly e?: number;
  readonly domain?: Domain;
}

/** Attention of drawn operands, and the gradients of all of them and of what `options` draws. */
export function attend(sizes: Sizes, options: (given: Given) => AttentionOptions = () => ({})) {
  const { lead = [2], n, m = n, d = 3, e = 5, domain } = sizes;
  const given: Given = new Map();
  const [q, k] = [drawn(given, [...lead, n, d], domain), drawn(given, [...lead, m, d], domain)];
  const v = drawn(given, [...lead, m, e]);
  const output = scaledDotProductAttention(q, k, v, options(given)) as GraphNode;
  const wrt = [...given.keys()].filter((x) => isFloat(x.dtype));
  const ct = drawn(given, output.shape);
  const gradients = backward([{ node: output, ct }], wrt, o) as GraphNode[];
  return { outputs: [output, ...gradients], given };
}

export const drawnKey = (given: Given): GraphNode => {
  const { node, data } = drawOperand({ shape: [2], dtype: "u32", domain: [1, 9], first: [] }, () => 0.5);
  given.set(node, data);
  return node;
};
