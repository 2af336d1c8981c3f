// Reductions whose rows workgroups of GPUs share: neighbouring columns of one, and rows in the registers of its lanes. On
// the CPU by their text: accesses out of range and races are errors there.
import { describe, expect, test } from "vitest";
import type { HostData } from "../../engine/core/dtype.ts";
import { baseProfile } from "../../engine/core/profile.ts";
import { placeholder } from "../../engine/evaluate.ts";
import { type GraphNode, makeNode } from "../../engine/ir/node.ts";
import type { Plan } from "../../engine/ir/plan.ts";
import type { Primitive } from "../../engine/ir/primitive.ts";
import { ops as o } from "../../engine/ops/build.ts";
import { argmax, argmin, max, min, prod, sum } from "../../engine/ops/reduce.ts";
import { type Tensor, tensor } from "../../mod.ts";
import { expectedOf } from "../ops/accuracy.ts";
import { useDevice } from "../support/device.ts";
import { planOf, runOnHost } from "../support/run-plan.ts";

let inputs = 0;
const input = (dtype: "f32" | "i32", ...shape: number[]): GraphNode =>
  placeholder({ dtype, shape }, inputs++);

const reductions = { sum, prod, max, min, argmax, argmin };

const fold = (name: keyof typeof reductions, x: GraphNode, axes: readonly number[] = [0]): GraphNode =>
  makeNode(reductions[name] as Primitive, [x], { axes });

/** Whole numbers, which any order of adding gives the same sum of; now and then one that is none. */
function numbers({ dtype, shape }: GraphNode, rare = 0): HostData {
  const length = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length }, (_, i) => ((i * 7919) % 23) - 11);
  if (dtype === "i32") return Int32Array.from(values);
  return Float32Array.from(values, (x, i) => (rare > 0 && i % 131 === 57 ? rare : x));
}

/** Runs a graph twice; its results must be those of the reference, to the bit, and its first kernel's grid as told. */
function check(outputs: readonly GraphNode[], rare = 0): { plan: Plan; columns: number; workgroups: number } {
  const given = new Map<GraphNode, HostData>();
  const visit = (x: GraphNode): void => {
    if (x.primitive.name === "input") given.set(x, numbers(x, rare));
    x.inputs.forEach(visit);
  };
  outputs.forEach(visit);
  const plans: Plan[] = [];
  const watch = (plan: Plan) => void plans.push(plan);
  const [first, second] = [0, 1].map(() => runOnHost(outputs, given, { profile: baseProfile, watch }));
  expect(first).toEqual(second);
  const expected = expectedOf(outputs, given, 0).map(({ value }) => Array.from(value.data, Number));
  expect(first?.map((data) => Array.from(data, Number))).toEqual(expected);
  const [plan] = plans as [Plan];
  const { wgsl = "", workgroups = [0] } = plan.steps[0]?.program ?? {};
  const columns = Number(/group_row = .* \+ i32\(lane % (\d+)u\)/.exec(wgsl)?.[1] ?? 1);
  return { plan, columns, workgroups: workgroups[0] };
}

const matrix = { batchA: [], batchB: [], contractA: [1], contractB: [0] };

// Lengths around those from which columns are shared, and around the loads that lanes have under way.
const lengths = [2, 64, 65, 127, 128, 129, 197, 300];

test.each([1, 2, 3, 7, 8, 9, 17, 31, 32, 33, 37, 61, 197])("matrices of %i columns", (n) => {
  for (const m of lengths) {
    const { columns, workgroups } = check([fold("sum", input("f32", m, n), [0])]);
    expect(columns).toBe(m > 64 && n >= 8 ? 8 : 1);
    if (columns > 1) expect(workgroups).toBe(Math.ceil(n / columns));
  }
});

test("as many columns as leave workgroups enough", () => {
  const columnsOf = (...shape: number[]) =>
    check([fold("sum", input("f32", ...shape), [shape.length - 2])]).columns;
  expect(columnsOf(66, 2047)).toBe(8);
  expect(columnsOf(66, 2049)).toBe(16);
  expect(columnsOf(66, 4100)).toBe(32);
  // No wider than what lies side by side in memory, whether or not that falls into columns.
  expect(columnsOf(450, 66, 9)).toBe(8);
  expect(columnsOf(120, 66, 37)).toBe(32);
});

test.each(["f32", "i32"] as const)("every way to fold %s", (dtype) => {
  const x = input(dtype, 133, 21);
  for (const rare of dtype === "f32" ? [0, Number.NaN, Number.POSITIVE_INFINITY] : [0]) {
    const all = (["sum", "max", "min", "argmax", "argmin"] as const).map((name) => fold(name, x));
    check(all, rare);
    for (const one of all) expect(check([one], rare).columns).toBe(8);
  }
  // Twos and ones.
  const factors = o.add(o.cast(o.greater(x, 10), dtype), 1);
  expect(check([fold("prod", factors)]).columns).toBe(8);
});

test("the first of equal elements is the largest, and the first NaN", () => {
  const x = input("f32", 90, 8);
  const values = new Float32Array(720);
  const at = (row: number, column: number, value: number) => {
    values[row * 8 + column] = value;
  };
  for (const row of [80, 33, 71]) at(row, 1, 5);
  for (const row of [88, 40, 41]) at(row, 2, Number.NaN);
  at(3, 2, 9);
  const [largest] = runOnHost([fold("argmax", x)], new Map([[x, values]]), { profile: baseProfile });
  expect(largest).toEqual(Int32Array.from([0, 33, 40, 0, 0, 0, 0, 0]));
});

test("truth of columns", () => {
  const x = o.greater(input("f32", 90, 10), 10);
  check([fold("max", x), fold("min", x)]);
});

test("statistics that need each other, and elements made of them", () => {
  for (const n of [8, 19, 40]) {
    const x = input("f32", 70, n);
    const low = o.sub(x, fold("max", x));
    const total = fold("sum", low);
    expect(check([o.sub(low, total), total, fold("min", low)]).columns).toBe(8);
  }
});

test("several stretches of axes, and rows that lie on both sides of them", () => {
  expect(check([fold("sum", input("f32", 3, 5, 9, 4, 11), [0, 2, 3])]).columns).toBe(8);
  expect(check([fold("sum", input("f32", 6, 5, 17, 3, 4), [0, 2])]).columns).toBe(8);
  expect(check([fold("sum", o.permute(input("f32", 12, 70), [1, 0]), [0])]).columns).toBe(8);
});

test("statistics that replace what they are made from", () => {
  // Neighbouring columns, and a row for each workgroup.
  for (const axis of [0, 1]) {
    const shaped = (rows: number, n: number) => (axis === 0 ? [n, rows] : [rows, n]);
    const x = input("f32", ...shaped(19, 70));
    const product = (rows: number, deep: number, n: number) =>
      o.dot(input("f32", rows, deep), input("f32", deep, n), matrix);
    const old = axis === 0 ? product(1, 5, 19) : product(19, 5, 1);
    const total = o.add(fold("sum", x, [axis]), old);
    const { plan } = check([o.dot(o.reshape(total, [1, 19]), input("f32", 19, 3), matrix)]);
    const access = plan.steps.flatMap(({ program }) =>
      program.name.startsWith("row") ? program.bindings.map((b) => b.access) : [],
    );
    expect(access).toEqual(["read", "inout"]);
  }
});

test.each([96, 192, 256, 384, 768, 2048])("rows of %i elements are loaded once", (n) => {
  for (const m of [1, 2, 5]) {
    const x = input("f32", m, n);
    const low = o.sub(x, fold("max", x, [1]));
    const total = fold("sum", low, [1]);
    const { plan } = check([o.add(o.mul(low, input("f32", n)), total), total, fold("argmin", low, [1])]);
    expect(plan.steps.length).toBe(1);
    const loads = plan.steps[0]?.program.wgsl.match(/= in0\[/g);
    expect(loads?.length).toBe(n / (plan.steps[0]?.program.workgroupSize ?? 0));
  }
  for (const name of ["sum", "max", "min", "argmax", "argmin"] as const) {
    check([fold(name, input("f32", 3, n), [1])], Number.NaN);
    check([fold(name, input("i32", 3, n), [1])]);
  }
});

test("rows that replace what they are made from", () => {
  const x = input("f32", 7, 96);
  const old = o.dot(input("f32", 7, 3), input("f32", 3, 96), matrix);
  const { plan } = check([o.dot(o.add(o.sub(x, fold("max", x, [1])), old), input("f32", 96, 2), matrix)]);
  expect(plan.steps[1]?.program.bindings.map((b) => b.access)).toEqual(["read", "inout"]);
});

test("long columns are cut into pieces, which are added up in their order", () => {
  const namesOf = (outputs: readonly GraphNode[]) =>
    planOf(outputs, { profile: baseProfile }).steps.map(({ program }) => program.name);
  // As many pieces as leave 192 elements and a number of rows, if they divide the length.
  expect(namesOf([fold("sum", input("f32", 6304, 384))])).toEqual(["row_sum_12288x197", "row_sum_384x32"]);
  expect(namesOf([fold("max", input("f32", 6304, 1536))])).toEqual(["row_max_24576x394", "row_max_1536x16"]);
  expect(namesOf([fold("sum", input("f32", 4099, 8))])).toEqual(["row_sum_8x4099"]);
  expect(namesOf([fold("sum", input("f32", 4095, 8))])).toEqual(["row_sum_8x4095"]);
  expect(namesOf([fold("argmax", input("f32", 6304, 8))])).toEqual(["row_argmax_8x6304"]);
  // Two of one operand, such as the gradients of layer norm's weight and bias, are one kernel still.
  const [dy, x] = [input("f32", 6304, 24), input("f32", 6304, 24)];
  expect(namesOf([fold("sum", o.mul(dy, x)), fold("sum", dy)])).toEqual([
    "row_sum_768x197",
    "bundle_of_2_row_sum_24x32",
  ]);
  check([fold("sum", o.mul(dy, x)), fold("sum", dy), fold("max", x)]);
});

describe("on a device", () => {
  useDevice({ kernels: "gpu" });

  test("columns have the sums that they have on the host, time after time", async () => {
    const [m, n] = [788, 42];
    const data = Float32Array.from({ length: m * n }, (_, i) => ((i * 7919) % 23) - 11);
    const expected = new Float32Array(n);
    data.forEach((value, i) => {
      expected[i % n]! += value;
    });
    const x = tensor(data, { shape: [m, n] });
    expect(await x.sum({ axis: 0 }).data()).toEqual(expected);
    // What is no whole number shows in which order it is added.
    const noisy = () => x.mul(0.1).sum({ axis: 0 });
    expect(await noisy().data()).toEqual(await noisy().data());
    const shifted = (y: Tensor) => y.sub(y.max({ axis: 0, keepDims: true }));
    expect(await shifted(x).sum({ axis: 0 }).data()).toEqual(expected.map((total) => total - 11 * m));
  });
});
