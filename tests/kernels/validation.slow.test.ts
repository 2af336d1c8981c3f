// Every emitted kernel compiles, binds and dispatches on Dawn's null backend, within the limits that WebGPU
// guarantees: Tint and Dawn check everything, and nothing is computed.
import { afterAll, beforeAll, expect, test } from "vitest";
import { PipelineCache } from "../../engine/runtime/pipelines.ts";
import { bindingBytes, type KernelProgram } from "../../kernels/program.ts";
import { nullGPU } from "../support/host.ts";
import { emittedKernels } from "./emitted.ts";

// Dawn frees the instance with the last object that leads to it, devices or not.
const gpu = nullGPU();
let adapter: GPUAdapter | null;
let device: GPUDevice;
beforeAll(async () => {
  adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("the null backend has no adapter");
  // No limits are asked for, so those that every adapter has apply.
  device = await adapter.requestDevice({ requiredFeatures: ["shader-f16", "subgroups"] });
});
afterAll(() => device.destroy());

/** What Dawn says about one launch, or null. */
async function problemOf(pipelines: PipelineCache, program: KernelProgram): Promise<string | null> {
  device.pushErrorScope("validation");
  try {
    const pipeline = await pipelines.get(program);
    const buffers = program.bindings.map((b) =>
      device.createBuffer({ size: Math.max(4, bindingBytes(b)), usage: GPUBufferUsage.STORAGE }),
    );
    const group = device.createBindGroup({
      layout: pipeline.layout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline.gpu);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...program.workgroups);
    pass.end();
    device.queue.submit([encoder.finish()]);
    for (const buffer of buffers) buffer.destroy();
  } catch (error) {
    await device.popErrorScope();
    return (error as Error).message;
  }
  return (await device.popErrorScope())?.message ?? null;
}

test("every kernel compiles, binds and dispatches", async () => {
  const pipelines = new PipelineCache(device);
  const kernels = emittedKernels();
  expect(kernels.length).toBeGreaterThan(500);
  for (const { from, program } of kernels) {
    const problem = await problemOf(pipelines, program);
    if (problem) throw new Error(`${from}: ${program.name}: ${problem}`);
  }
});

test("a kernel that does not compile is found", async () => {
  const { program } = emittedKernels()[0] as { program: KernelProgram };
  const broken = { ...program, wgsl: program.wgsl.replace("let i =", "let i: f32 =") };
  expect(await problemOf(new PipelineCache(device), broken)).toContain("does not compile");
});
