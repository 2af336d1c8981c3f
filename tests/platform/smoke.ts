// The host itself: a compute shader runs and gives the right numbers. When this fails, look no further.
import type { Case } from "./case.ts";

const code = `
@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&values)) {
    values[id.x] = values[id.x] * 2.0 + 1.0;
  }
}`;

async function doubles(): Promise<void> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("no adapter");
  const device = await adapter.requestDevice();
  try {
    const input = Float32Array.from({ length: 100 }, (_, i) => i);
    const output = await compute(device, input);
    input.forEach((x, i) => {
      if (output[i] !== 2 * x + 1) throw new Error(`at ${i}: got ${output[i]}, want ${2 * x + 1}`);
    });
  } finally {
    device.destroy();
  }
}

async function compute(device: GPUDevice, input: Float32Array<ArrayBuffer>): Promise<Float32Array> {
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const size = input.byteLength;
  const values = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  const host = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(values, 0, input);
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: values } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(Math.ceil(input.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(values, 0, host, 0, size);
  device.queue.submit([encoder.finish()]);
  await host.mapAsync(GPUMapMode.READ);
  return new Float32Array(host.getMappedRange().slice(0));
}

export const cases: readonly Case[] = [{ name: "a compute shader doubles and adds one", run: doubles }];
