// The whole text of a few small kernels, so that a change is seen in review.
import { expect, test } from "vitest";
import { baseProfile, softwareProfile } from "../../engine/core/profile.ts";
import { placeholder } from "../../engine/evaluate.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops as o } from "../../engine/ops/build.ts";
import { planOf } from "../support/run-plan.ts";

const f32 = (index: number, ...shape: number[]): GraphNode => placeholder({ dtype: "f32", shape }, index);

const textOf = (x: GraphNode, profile = softwareProfile): string => {
  const [step, ...more] = planOf([x], { profile }).steps;
  expect(more).toEqual([]);
  return step?.program.wgsl ?? "";
};

test("a broadcast sum", () => {
  expect(textOf(o.add(f32(0, 3, 5), f32(1, 5)))).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read> in0: array<f32, 15>;
    @group(0) @binding(1) var<storage, read> in1: array<f32, 5>;
    @group(0) @binding(2) var<storage, read_write> out2: array<f32, 15>;

    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
      let i_raw = i32(min(group.x, 0u)) * 64 + i32(lane);
      let i = min(i_raw, 14);
      if (!(i_raw < 15)) { return; }
      let v0 = in0[i];
      let v1 = in1[(i % 5)];
      let v2 = (v0 + v1);
      out2[i] = v2;
    }
    "
  `);
});

test("statistics of rows and what is made of them, a thread a row", () => {
  const x = f32(0, 6, 10);
  const e = o.sub(x, o.max(x, [1]));
  expect(textOf(o.div(e, o.sum(e, [1])))).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read> in0: array<f32, 60>;
    @group(0) @binding(1) var<storage, read_write> out1: array<f32, 60>;
    fn from_bits(bits: u32) -> f32 { return bitcast<f32>(bits); }
    fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
    fn max_or_nan(a: f32, b: f32) -> f32 { return select(b, a, (a > b) | is_nan(a)); }

    @compute @workgroup_size(4)
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
      let row_raw = i32(min(group.x, 1u)) * 4 + i32(lane);
      let row = min(row_raw, 5);
      if (!(row_raw < 6)) { return; }
      var acc0: f32 = from_bits(0xff800000u);
      let v5 = (row * 10);
      for (var k2 = 0; k2 < 5; k2++) {
        let r3 = k2 * 2 + 0;
        let r4 = k2 * 2 + 1;
        let v6 = (v5 + r3);
        let v7 = (v5 + r4);
        let v8 = in0[v6];
        let v9 = in0[v7];
        let v10 = max_or_nan(v8, v9);
        acc0 = max_or_nan(acc0, v10);
      }
      var acc11: f32 = 0.0f;
      for (var k13 = 0; k13 < 5; k13++) {
        let r14 = k13 * 2 + 0;
        let r15 = k13 * 2 + 1;
        let v16 = (v5 + r14);
        let v17 = (v5 + r15);
        let v18 = in0[v16];
        let v19 = in0[v17];
        let v20 = (v18 - acc0);
        let v21 = (v19 - acc0);
        let v22 = v20 + v21;
        acc11 = acc11 + v22;
      }
      for (var k24 = 0; k24 < 5; k24++) {
        let r25 = k24 * 2 + 0;
        let r26 = k24 * 2 + 1;
        let v27 = (v5 + r25);
        let v28 = (v5 + r26);
        let v29 = in0[v27];
        let v30 = in0[v28];
        let v31 = (v29 - acc0);
        let v32 = (v30 - acc0);
        let v33 = (v31 / acc11);
        let v34 = (v32 / acc11);
        out1[v27] = v33;
        out1[v28] = v34;
      }
    }
    "
  `);
});

test("a sum of long rows, a workgroup each", () => {
  expect(textOf(o.sum(f32(0, 4, 128), [1]), baseProfile)).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read> in0: array<f32, 512>;
    @group(0) @binding(1) var<storage, read_write> out1: array<f32, 4>;
    var<workgroup> partial9: array<f32, 64>;

    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
      let group_row = i32(min(group.x, 3u));
      let row = group_row;
      let r0 = 0 * 64 + i32(lane);
      let x1 = r0;
      let r2 = 1 * 64 + i32(lane);
      let x3 = r2;
      var acc4: f32 = 0.0f;
      let v5 = (row * 128);
      let v6 = in0[(v5 + x1)];
      let v7 = in0[(v5 + x3)];
      let v8 = v6 + v7;
      acc4 = acc4 + v8;
      partial9[lane] = acc4;
      workgroupBarrier();
      if (lane < 32u) {
        let a10 = partial9[lane];
        let b11 = partial9[lane + 32u];
        partial9[lane] = a10 + b11;
      }
      workgroupBarrier();
      if (lane < 16u) {
        let a12 = partial9[lane];
        let b13 = partial9[lane + 16u];
        partial9[lane] = a12 + b13;
      }
      workgroupBarrier();
      if (lane < 8u) {
        let a14 = partial9[lane];
        let b15 = partial9[lane + 8u];
        partial9[lane] = a14 + b15;
      }
      workgroupBarrier();
      if (lane < 4u) {
        let a16 = partial9[lane];
        let b17 = partial9[lane + 4u];
        partial9[lane] = a16 + b17;
      }
      workgroupBarrier();
      if (lane < 2u) {
        let a18 = partial9[lane];
        let b19 = partial9[lane + 2u];
        partial9[lane] = a18 + b19;
      }
      workgroupBarrier();
      if (lane < 1u) {
        let a20 = partial9[lane];
        let b21 = partial9[lane + 1u];
        partial9[lane] = a20 + b21;
      }
      workgroupBarrier();
      acc4 = partial9[0];
      if (lane == 0u) {
        out1[row] = acc4;
      }
    }
    "
  `);
});

test("a small product of matrices", () => {
  const axes = { batchA: [], batchB: [], contractA: [1], contractB: [0] };
  expect(textOf(o.dot(f32(0, 2, 7), f32(1, 7, 2), axes))).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read> in0: array<f32, 14>;
    @group(0) @binding(1) var<storage, read> in1: array<f32, 14>;
    @group(0) @binding(2) var<storage, read_write> out2: array<f32, 4>;

    @compute @workgroup_size(8)
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
      let i_raw = i32(min(group.x, 0u)) * 8 + i32(lane);
      let i = min(i_raw, 3);
      if (!(i_raw < 4)) { return; }
      let column = i % 2;
      let tile_row = i / 2;
      let batch = 0;
      let m0 = tile_row * 1 + 0;
      let n0 = column + 0;
      var sum_m0_n0: f32 = 0.0f;
      let v1 = (m0 * 7);
      for (var k0 = 0; k0 < 7; k0++) {
        let v2 = in0[(v1 + k0)];
        let v3 = (k0 * 2);
        let v4 = in1[(n0 + v3)];
        sum_m0_n0 += v2 * v4;
      }
      let v5 = (m0 * 2);
      let v6 = (v5 + n0);
      out2[v6] = sum_m0_n0;
    }
    "
  `);
});

test("a running sum", () => {
  expect(textOf(o.scan(f32(0, 3, 9), 1, "sum", false))).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read> in0: array<f32, 27>;
    @group(0) @binding(1) var<storage, read_write> out1: array<f32, 27>;

    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
      let row_raw = i32(min(group.x, 0u)) * 64 + i32(lane);
      let row = min(row_raw, 2);
      if (!(row_raw < 3)) { return; }
      var acc: f32 = 0.0f;
      let v0 = (row * 9);
      for (var k = i32(lane >> 16u); k < 9; k++) {
        let v1 = in0[(v0 + k)];
        acc = acc + v1;
        let v2 = (v0 + k);
        out1[v2] = acc;
      }
    }
    "
  `);
});
