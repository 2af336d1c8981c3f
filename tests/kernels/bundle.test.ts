import { expect, test } from "vitest";
import { bundleKernel } from "../../kernels/bundle.ts";
import { type KernelBinding, program } from "../../kernels/program.ts";

const out = (name: string): KernelBinding => ({ name, access: "write", dtype: "f32", length: 4 });

/** Two kernels that keep `length` numbers each, in one launch; null if they may not share one. */
function pair(declaration: string) {
  const part = program({
    name: "part",
    bindings: [out("out0")],
    workgroups: [1, 1, 1],
    workgroupSize: 4,
    cost: { flops: 0, bytes: 16 },
    declarations: declaration,
    body: "  kept[3] = f32(lane);\n  out0[i32(lane)] = kept[3];",
  });
  const parts = [0, 1].map((i) => ({ program: part, numbers: [i] }));
  return bundleKernel(parts, [out("out0"), out("out1")]);
}

test("two kernels share what memory a workgroup has, under names of their own", () => {
  const wgsl = pair("var<workgroup> kept: array<f32, 2048>;")?.wgsl;
  expect(wgsl).toContain("var<workgroup> kept_of0: array<f32, 2048>;");
  expect(wgsl).toContain("kept_of1[3] = f32(lane);");
  expect(pair("var<workgroup> kept: array<f32, 2049>;")).toBeNull();
  expect(pair("var<workgroup> kept: array<vec4f, 512>;")).not.toBeNull();
  expect(pair("var<workgroup> kept: array<vec4f, 513>;")).toBeNull();
});

test("what threads have of their own may be half as much: 8192 bytes in all", () => {
  expect(pair("var<private> kept: array<f32, 1024>;")?.wgsl).toContain(
    "var<private> kept_of1: array<f32, 1024>;",
  );
  expect(pair("var<private> kept: array<f32, 1025>;")).toBeNull();
});
