// How many kernels the functions that networks are made of become, on GPUs and on drivers that run on the CPU.
import { describe, expect, test } from "vitest";
import { backward } from "../../engine/autodiff/backward.ts";
import { buildPlan } from "../../engine/compile/build-plan.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { baseProfile, softwareProfile } from "../../engine/core/profile.ts";
import { detach, placeholder } from "../../engine/evaluate.ts";
import { gelu, relu } from "../../engine/functions/activation.ts";
import { scaledDotProductAttention } from "../../engine/functions/attention.ts";
import { crossEntropy } from "../../engine/functions/class-loss.ts";
import { conv2d } from "../../engine/functions/convolution.ts";
import { dropout } from "../../engine/functions/dropout.ts";
import { linear, matmul } from "../../engine/functions/linear.ts";
import { mseLoss } from "../../engine/functions/loss.ts";
import {
  batchNorm,
  groupNorm,
  layerNorm,
  logSoftmax,
  softmax,
} from "../../engine/functions/normalization.ts";
import { avgPool2d, maxPool2d } from "../../engine/functions/pooling.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops } from "../../engine/ops/build.ts";
import { quadProfile } from "../support/quad-profile.ts";

let inputs = 0;
const f32 = (...shape: number[]) => placeholder({ dtype: "f32", shape }, inputs++);
const i32 = (...shape: number[]) => placeholder({ dtype: "i32", shape }, inputs++);
const u32 = (...shape: number[]) => placeholder({ dtype: "u32", shape }, inputs++);

function kernels(outputs: readonly GraphNode[], profile: typeof baseProfile): string[] {
  const program = detach(describeProgram(outputs));
  return buildPlan(program, profile, ops).steps.map((s) => s.program.name);
}

/** The gradients of the mean of a value. */
const gradients = (y: GraphNode, ...wrt: GraphNode[]): GraphNode[] =>
  backward([{ node: y, ct: f32(...y.shape) }], wrt, ops).map((g) => g as GraphNode);

const x = f32(64, 197, 192);
const weight = f32(192);
const bias = f32(192);
const image = f32(8, 16, 32, 32);

const cases: Record<string, { outputs: GraphNode[]; most: number }> = {
  softmax: { outputs: [softmax(f32(64, 6, 197, 197))], most: 1 },
  "softmax over another axis": { outputs: [softmax(f32(64, 10, 40), { axis: 1 })], most: 1 },
  logSoftmax: { outputs: [logSoftmax(f32(128, 1000))], most: 1 },
  layerNorm: { outputs: [layerNorm(x, [192], { weight, bias })], most: 1 },
  "linear, bias and gelu": { outputs: [gelu(linear(x, f32(768, 192), f32(768)))], most: 1 },
  "matmul, bias and relu": {
    outputs: [relu(ops.add(matmul(f32(128, 784), f32(784, 512)), f32(512)))],
    most: 1,
  },
  "conv2d, bias and relu": {
    outputs: [relu(conv2d(image, f32(32, 16, 3, 3), { bias: f32(32), padding: 1 }))],
    most: 1,
  },
  "batchNorm at inference, and relu": {
    outputs: [
      relu(batchNorm(image, { mean: f32(16), variance: f32(16), weight: f32(16), bias: f32(16) }).output),
    ],
    most: 2, // the roots of the variances come first
  },
  groupNorm: { outputs: [groupNorm(image, 4, { weight: f32(16), bias: f32(16) })], most: 1 },
  maxPool2d: { outputs: [maxPool2d(image, { kernelSize: 3, stride: 2, padding: 1 })], most: 1 },
  avgPool2d: { outputs: [avgPool2d(image, { kernelSize: 2 })], most: 1 },
  dropout: { outputs: [dropout(x, { p: 0.1, key: u32(2) })], most: 1 },
  attention: {
    outputs: [
      scaledDotProductAttention(f32(8, 3, 65, 64), f32(8, 3, 65, 64), f32(8, 3, 65, 64)) as GraphNode,
    ],
    most: 3,
  },
  mseLoss: { outputs: [mseLoss(f32(64, 32), f32(64, 32))], most: 1 },
  crossEntropy: { outputs: [crossEntropy(f32(128, 10), i32(128))], most: 3 },
};

describe.each([
  ["gpu", baseProfile],
  ["software", softwareProfile],
  ["quads", quadProfile],
] as const)("kernels on %s", (_, profile) => {
  for (const [name, { outputs, most }] of Object.entries(cases)) {
    test(`${name}: at most ${most}`, () => {
      const names = kernels(outputs, profile);
      expect(names.length, names.join(", ")).toBeLessThanOrEqual(most);
    });
  }
});

describe("kernels of a value and its gradients", () => {
  const count = (y: GraphNode, ...wrt: GraphNode[]): number =>
    kernels([y, ...gradients(y, ...wrt)], baseProfile).length;

  test("softmax: one", () => {
    const scores = f32(64, 197);
    expect(count(softmax(scores), scores)).toBe(1);
  });

  test("layerNorm: one forward, one for x, one for both parameters, and one more if those are long sums", () => {
    const short = f32(16, 197, 192);
    expect(count(layerNorm(short, [192], { weight, bias }), short, weight, bias)).toBe(3);
    expect(count(layerNorm(x, [192], { weight, bias }), x, weight, bias)).toBe(4);
  });

  test("gelu: one", () => {
    const h = f32(64, 768);
    expect(count(gelu(h), h)).toBe(1);
  });

  test("crossEntropy: the count of targets, the rows, the mean", () => {
    const logits = f32(128, 10);
    expect(count(crossEntropy(logits, i32(128)), logits)).toBe(3);
  });

  test("maxPool2d: windows, and their overlap", () => {
    const pixels = f32(8, 16, 32, 32);
    expect(count(maxPool2d(pixels, { kernelSize: 3, stride: 2, padding: 1 }), pixels)).toBe(2);
  });

  test("attention: forwards, row sums, gradients of queries, and those of keys and values", () => {
    const [q, k, v] = [f32(8, 3, 65, 64), f32(8, 3, 65, 64), f32(8, 3, 65, 64)];
    expect(count(scaledDotProductAttention(q, k, v) as GraphNode, q, k, v)).toBe(4);
  });
});
