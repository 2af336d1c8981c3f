// Kernels with workgroup memory, run with all threads in lockstep by `detectRaces` and by our own runner. Leaving a
// barrier out must be found even where the numbers come out right.
import { describe, expect, test } from "vitest";
import { detectRaces } from "wgsl_reflect/wgsl_reflect.module.js";
import { backward } from "../../engine/autodiff/backward.ts";
import { placeholder } from "../../engine/evaluate.ts";
import { layerNorm } from "../../engine/functions/normalization.ts";
import { type Aval, type GraphNode, makeNode } from "../../engine/ir/node.ts";
import type { Primitive } from "../../engine/ir/primitive.ts";
import { attention, ops as o } from "../../engine/ops/build.ts";
import { bindingBytes, type KernelProgram } from "../../kernels/program.ts";
import { Memory, runKernel } from "../support/wgsl-run.ts";
import { kernelsOf } from "./emitted.ts";

let inputs = 0;
const input = (dtype: Aval["dtype"], ...shape: number[]): GraphNode =>
  placeholder({ dtype, shape }, inputs++);

const matrix = { batchA: [], batchB: [], contractA: [1], contractB: [0] };

/** Small graphs that lead to kernels whose threads share memory. */
const graphs: Record<string, () => GraphNode[]> = {
  "sum of rows": () => [o.sum(input("f32", 2, 70), [1])],
  "sum of everything": () => [o.sum(input("f32", 5, 30), [0, 1])],
  "maximum of integers": () => [o.max(input("i32", 2, 70), [1])],
  softmax: () => {
    const x = input("f32", 2, 70);
    const e = o.exp(o.sub(x, o.max(x, [1])));
    return [o.div(e, o.sum(e, [1]))];
  },
  "layer norm of rows in registers": () => [layerNorm(input("f32", 2, 96), [96])],
  "two statistics of one row": () => {
    const x = input("f32", 2, 80);
    return [o.sum(x, [1]), o.max(x, [1])];
  },
  "statistics of columns, and elements made of them": () => {
    const x = input("f32", 70, 9);
    const low = o.sub(x, o.max(x, [0]));
    return [o.sub(low, o.sum(low, [0])), o.sum(low, [0])];
  },
  // More than one tile of queries and keys, and of samples for the bias, so that what is staged is overwritten.
  "attention, with all gradients": () => {
    const [q, k, v] = [input("f32", 2, 18, 3), input("f32", 2, 34, 3), input("f32", 2, 34, 2)];
    const bias = input("f32", 1, 18, 34);
    const params = { role: "output", scale: 1, addends: 1, target: 0, visible: false, kept: 0 };
    const ins = [q, k, v, bias];
    const output = makeNode(attention as Primitive, ins, params);
    const ct = input("f32", 2, 18, 2);
    return [output, ...(backward([{ node: output, ct }], ins, o) as GraphNode[])];
  },
  // More than one tile along the contracted axis, so that tiles are overwritten.
  "product of matrices": () => [o.dot(input("f32", 16, 17), input("f32", 17, 19), matrix)],
};

/** Kernels with workgroup memory of all results together, where some share a launch, and of each result by itself. */
function shared(build: () => GraphNode[]): KernelProgram[] {
  const results = build();
  const programs = [results, ...results.map((x) => [x])].flatMap((outputs) => kernelsOf(outputs));
  const sharing = programs.filter((p) => p.wgsl.includes("var<workgroup>"));
  return [...new Map(sharing.map((p) => [p.wgsl, p])).values()];
}

/** The texts that are left when one barrier is taken out. */
function withoutOneBarrier({ wgsl }: KernelProgram): string[] {
  const parts = wgsl.split("workgroupBarrier();");
  return parts
    .slice(1)
    .map((_, i) => parts.reduce((a, b, j) => a + (j === i + 1 ? "" : "workgroupBarrier();") + b));
}

/** Races and uneven barriers that wgsl_reflect sees in the first workgroup. */
function reported(program: KernelProgram, wgsl = program.wgsl): string[] {
  const buffers = program.bindings.map((b): [string, Uint32Array] => [
    String(program.bindings.indexOf(b)),
    new Uint32Array(bindingBytes(b) / 4).fill(0x3f800000),
  ]);
  const found = detectRaces(wgsl, "main", [1, 1, 1], { 0: Object.fromEntries(buffers) });
  return [...found.races.map((r) => r.message), ...found.errors];
}

/** The same question to our own runner. */
function faultOf(program: KernelProgram, wgsl = program.wgsl): string | null {
  const ranges = program.bindings.map((b) => {
    const memory = new Memory(bindingBytes(b));
    if (b.access !== "write") {
      new Uint32Array(memory.bytes).fill(0x3f800000);
      memory.valid.fill(1);
    }
    return { memory, offset: 0, bytes: bindingBytes(b) };
  });
  try {
    runKernel({ ...program, wgsl }, ranges);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

describe.each(Object.entries(graphs))("%s", (_, build) => {
  const programs = shared(build);

  test("shares memory, without races", () => {
    expect(programs.length).toBeGreaterThan(0);
    for (const program of programs) {
      expect(reported(program), program.name).toEqual([]);
      expect(faultOf(program), program.name).toBeNull();
    }
  });

  test("every barrier is needed", () => {
    for (const program of programs) {
      for (const [i, wgsl] of withoutOneBarrier(program).entries()) {
        expect(faultOf(program, wgsl) ?? "", `${program.name} without barrier ${i}`).toContain("race");
        // It runs one workgroup, which is of a bundle's first kernel; its kernels are here by themselves, too.
        if (program.name.startsWith("bundle")) continue;
        expect(reported(program, wgsl), `${program.name} without barrier ${i}`).not.toEqual([]);
      }
    }
  });
});

test("accesses out of range and values that nobody wrote are found", () => {
  const program = kernelsOf([o.neg(input("f32", 5))])[0] as KernelProgram;
  expect(faultOf(program)).toBeNull();
  const unbounded = program.wgsl.replace(/if .*return; }/, "").replace("min(i_raw, 4)", "i_raw");
  expect(faultOf(program, unbounded)).toContain("of 5 elements");
  const late = { ...program, bindings: program.bindings.map((b) => ({ ...b, access: "write" as const })) };
  expect(faultOf(late)).toContain("before it is written");
});

test("two threads that write one element are found", () => {
  const program = kernelsOf([o.cast(o.iota([4], 0), "f32")])[0] as KernelProgram;
  expect(faultOf(program)).toBeNull();
  const store = /\[(\w+)\] = /.exec(program.wgsl)?.[0] as string;
  expect(faultOf(program, program.wgsl.replace(store, "[0] = "))).toContain("written by two threads");
});
