// The tiles of GPUs whose workgroups share what they load, over the edges of matrices, on the CPU by their text.
import { expect, test } from "vitest";
import { baseProfile, KERNELS } from "../../engine/core/profile.ts";
import { placeholder } from "../../engine/evaluate.ts";
import type { Plan } from "../../engine/ir/plan.ts";
import { ops as o } from "../../engine/ops/build.ts";
import { planOf, runOnHost } from "../support/run-plan.ts";
import { f32, product, type Size, values } from "./whole-numbers.ts";

test.each([
  [128, 128, 8, 8, 8],
  [128, 64, 8, 8, 8],
  [64, 64, 8, 8, 8],
  [64, 64, 16, 8, 8],
  [64, 64, 16, 4, 4],
  [32, 64, 16, 4, 8],
  [64, 32, 16, 8, 4],
])("a workgroup of a GPU takes %i x %i x %i, a thread %i x %i", (bm, bn, bk, tm, tn) => {
  const size: Size = [2, 70, 133, 18];
  const [batch, m, n, k] = size;
  const tile = { variant: "staged", bm, bn, bk, tm, tn };
  const tuning = { adapter: "any", kernels: KERNELS, dots: { [`${[batch, m, n, k]}`]: tile } };
  const profile = { ...baseProfile, tuning };
  // Both operands as they lie, and the other way round.
  const [a, b] = [f32(batch, m, k), f32(batch, k, n)];
  const [c, d] = [f32(batch, k, m), f32(batch, n, k)];
  const [va, vb] = [values(a, 0), values(b, 1)];
  const turned = (x: Float32Array, rows: number, columns: number) =>
    x.map((_, i) => {
      const at = i % (rows * columns);
      return x[i - at + (at % rows) * columns + Math.floor(at / rows)] as number;
    });
  const along = { batchA: [0], batchB: [0] };
  const plain = o.dot(a, b, { ...along, contractA: [2], contractB: [1] });
  const other = o.dot(c, d, { ...along, contractA: [1], contractB: [2] });
  const expected = product(size, va, vb);
  let text = "";
  const watch = (plan: Plan) => {
    text = plan.steps[0]?.program.wgsl ?? "";
  };
  expect(
    runOnHost(
      [plain],
      new Map([
        [a, va],
        [b, vb],
      ]),
      { profile, watch },
    )[0],
  ).toEqual(expected);
  expect(text).toContain(`@workgroup_size(${(bm / tm) * (bn / tn)})`);
  expect(
    runOnHost(
      [other],
      new Map([
        [c, turned(va, m, k)],
        [d, turned(vb, k, n)],
      ]),
      { profile },
    )[0],
  ).toEqual(expected);
});

test.each(["f32", "i32"] as const)(
  "sizes around those of tiles, and two axes along which is added, of %s",
  (dtype) => {
    let inputs = 0;
    for (const [m, n] of [
      [31, 33],
      [32, 64],
      [65, 63],
      [37, 61],
    ] as const)
      for (const [outer, inner] of [
        [1, 8],
        [5, 3],
        [16, 1],
        [17, 1],
        [2, 16],
        [3, 13],
      ] as const) {
        const a = placeholder({ dtype, shape: [m, outer, inner] }, inputs++);
        const b = placeholder({ dtype, shape: [outer, n, inner] }, inputs++);
        const y = o.dot(a, b, { batchA: [], batchB: [], contractA: [1, 2], contractB: [0, 2] });
        const k = outer * inner;
        const [va, vb] = [values(a, 0), values(b, 1)];
        const turned = new Float32Array(k * n);
        for (let i = 0; i < outer; i++)
          for (let j = 0; j < n; j++)
            for (let l = 0; l < inner; l++)
              turned[(i * inner + l) * n + j] = vb[(i * n + j) * inner + l] as number;
        const inKind = (x: Float32Array) => (dtype === "i32" ? Int32Array.from(x) : x);
        const given = new Map([
          [a, inKind(va)],
          [b, inKind(vb)],
        ]);
        const run = () =>
          runOnHost([y], given, {
            profile: baseProfile,
            watch: ({ steps }) => expect(steps[0]?.program.wgsl).toContain("tile_a"),
          })[0];
        expect(run()).toEqual(inKind(product([1, m, n, k], va, turned)));
      }
  },
);

test("large products have 64 sums a thread on a GPU, small ones more threads", () => {
  const sizeOf = (m: number, n: number, k: number) =>
    /workgroup_size\((\d+)\)[\s\S]*?(sum_7_1: vec4f|$)/
      .exec(
        planOf([o.dot(f32(m, k), f32(k, n), { batchA: [], batchB: [], contractA: [1], contractB: [0] })], {
          profile: baseProfile,
        }).steps[0]?.program.wgsl ?? "",
      )
      ?.slice(1);
  expect(sizeOf(4096, 4096, 512)).toEqual(["256", "sum_7_1: vec4f"]);
  expect(sizeOf(6304, 384, 384)).toEqual(["64", "sum_7_1: vec4f"]);
  expect(sizeOf(1024, 1024, 1024)).toEqual(["256", ""]);
  expect(sizeOf(40, 40, 40)).toEqual(["64", ""]);
});
