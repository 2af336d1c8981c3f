// What another reader of WGSL finds in the texts is what the host believes to be there.
import { expect, test } from "vitest";
import { ResourceType, WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";
import { bindingBytes, type KernelProgram } from "../../kernels/program.ts";
import { emittedKernels } from "./emitted.ts";

const ELEMENTS = { f32: "f32", f16: "f16", i32: "i32", u32: "u32", bool: "u32" };

/** The bindings of a text in a form that both sides can give. */
function reflected(program: KernelProgram): unknown[] {
  const reflect = new WgslReflect(program.wgsl);
  expect(reflect.entry.compute.map((f) => f.name)).toEqual(["main"]);
  const [group = [], ...more] = reflect.getBindGroups();
  expect(more).toEqual([]);
  return group.map((v) => {
    expect(v.resourceType).toBe(ResourceType.Storage);
    const element = (v.type as unknown as { format: { name: string } }).format.name;
    return { name: v.name, binding: v.binding, access: v.access, bytes: v.size, element };
  });
}

function promised(program: KernelProgram): unknown[] {
  return program.bindings.map((b, binding) => ({
    name: b.name,
    binding,
    access: b.access === "read" ? "read" : "read_write",
    bytes: bindingBytes(b),
    element: ELEMENTS[b.dtype],
  }));
}

test("bindings, access modes, element types and sizes agree with the host's", () => {
  for (const { from, program } of emittedKernels())
    expect(reflected(program), `${from}: ${program.name}`).toEqual(promised(program));
});

test("the size of workgroups agrees with the host's", () => {
  for (const { program } of emittedKernels())
    expect(program.wgsl).toContain(`@workgroup_size(${program.workgroupSize})`);
});
