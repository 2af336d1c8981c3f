// How many kernels well-known programs become, told by their plans: no adapter needed.

import { describe, expect, test } from "vitest";
import { withDebug } from "../../engine/core/debug.ts";
import { placeholder } from "../../engine/evaluate.ts";
import { gelu } from "../../engine/functions/activation.ts";
import { linear } from "../../engine/functions/linear.ts";
import { layerNorm, softmax } from "../../engine/functions/normalization.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops as o } from "../../engine/ops/build.ts";
import { planOf } from "../support/run-plan.ts";
import { profiles } from "./check-program.ts";

let inputs = 0;
const f32 = (...shape: number[]): GraphNode => placeholder({ dtype: "f32", shape }, inputs++);

function chainOfTen(): GraphNode {
  let x = f32(1000);
  const y = f32(1000);
  for (let i = 0; i < 5; i++) x = o.add(o.mul(x, y), i + 1);
  return x;
}

/** A matrix product with what stands before and behind it. */
function product(): GraphNode {
  const axes = { batchA: [], batchB: [], contractA: [1], contractB: [0] };
  return o.maximum(o.add(o.dot(o.neg(f32(64, 32)), f32(32, 48), axes), f32(48)), 0);
}

const one: Record<string, () => GraphNode[]> = {
  "an elementwise chain of ten ops": () => [chainOfTen()],
  "a chain with broadcasts and views": () => [
    o.mul(o.permute(f32(30, 20), [1, 0]), o.add(f32(20, 1), f32(30))),
  ],
  "two results of one input": () => {
    const x = f32(500);
    return [o.exp(x), o.sin(x)];
  },
  softmax: () => [softmax(f32(64, 100))],
  "layer norm": () => [layerNorm(f32(64, 96), [96], { weight: f32(96), bias: f32(96) })],
  "linear, bias and GELU": () => [gelu(linear(f32(32, 64), f32(128, 64), f32(128)))],
  "negated operand, product, bias and ReLU": () => [product()],
  "padding, flipping and slicing": () => [o.slice(o.flip(o.pad(f32(10, 10), 0, 2, 1), 1), 1, 2, 5)],
  "mean and variance of rows too long to be written by their kernel": () => {
    const x = f32(64, 20000);
    const mean = o.mul(o.sum(x, [1]), 1 / 20000);
    const centred = o.sub(x, mean);
    return [mean, o.rsqrt(o.sum(o.mul(centred, centred), [1]))];
  },
  "sum of squares": () => [o.sum(o.mul(f32(64, 50), 2), [1])],
};

describe.each(profiles)("%s", (_, profile) => {
  test.each(Object.entries(one))("%s is one kernel", (_, build) => {
    const plan = planOf(build(), { profile });
    expect(plan.steps.map((s) => s.program.name)).toHaveLength(1);
  });

  test("a value that is there already needs no kernel", () => {
    const x = f32(6);
    expect(planOf([o.reshape(x, [2, 3]), o.neg(o.neg(x))], { profile }).steps).toHaveLength(0);
  });

  test("without fusion every op is a kernel", () => {
    expect(planOf([chainOfTen()], { profile, fuse: false }).steps).toHaveLength(10);
  });

  test("what nobody asks for is not computed", () => {
    const x = f32(64, 64);
    o.sum(o.exp(x), [0]);
    expect(planOf([o.neg(x)], { profile }).steps.map((s) => s.ops)).toEqual([["neg"]]);
  });
});

test("DEBUG=5 on a small graph shows each pass", () => {
  const lines: string[] = [];
  const x = placeholder({ dtype: "f32", shape: [4] }, 0);
  withDebug({ level: 5, print: (line) => lines.push(line) }, () => planOf([o.mul(o.add(x, 0), 2)]));
  expect(lines.map((l) => /^-- after (.*)/.exec(l)?.[1])).toEqual(
    expect.arrayContaining(["expand", "simplify", "fuse", "order"]),
  );
  expect(lines.find((l) => l.includes("after simplify"))).not.toContain("add(");
});
