// What the host pays for each dispatch of a compiled step, on a device that computes nothing.
import { create, globals } from "webgpu";
import { arange, compile, createDevice, type Device, explain, setDevice, type Tensor } from "../mod.ts";
import type { Bench, Subject } from "./bench.ts";

Object.assign(globalThis, globals);

let device: Device;

export async function openDevice(): Promise<Device> {
  device = await createDevice({ gpu: create(["backend=null"]) });
  setDevice(device);
  return device;
}

/** State of `tensors` matrices, each of its own shape, so that no two of them share a kernel. */
const start = (tensors: number): Tensor[] =>
  Array.from({ length: tensors }, (_, i) =>
    arange((i + 8) * 64)
      .cast("f32")
      .reshape([i + 8, 64]),
  );

/** Three dispatches for each tensor: two products, and a row kernel between them. */
const chain = compile((ws: Tensor[]) => ({
  ws: ws.map((w) => w.sub(w.matmul(w.transpose()).softmax().matmul(w).mul(0.1))),
}));

async function compiled(tensors: number): Promise<Subject> {
  let state = { ws: start(tensors) };
  state = { ws: chain(state.ws).ws };
  for (let i = 0; i < 3; i++) {
    state = chain(state.ws);
    await device.idle();
  }
  const { dispatches } = explain(chain, state.ws);
  return {
    async round() {
      const before = performance.now();
      state = chain(state.ws);
      const time = performance.now() - before;
      await device.idle();
      return time;
    },
    numbers: (median) => ({ dispatches, "host us per dispatch": (1e3 * median) / dispatches }),
  };
}

/** As many dispatches of kernels that differ, given to WebGPU with nothing around: what cannot be saved. */
async function bare(tensors: number): Promise<Subject> {
  const { gpu } = device;
  const dispatches = 3 * tensors;
  const layout = gpu.createBindGroupLayout({
    entries: [{ binding: 0, visibility: 4, buffer: { type: "storage" } }],
  });
  const layouts = gpu.createPipelineLayout({ bindGroupLayouts: [layout] });
  const steps = Array.from({ length: dispatches }, (_, i) => {
    const code = `@group(0) @binding(0) var<storage, read_write> x: array<f32, 64>;
      @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) { x[i] = ${i}.0; }`;
    const module = gpu.createShaderModule({ code });
    const buffer = gpu.createBuffer({ size: 256, usage: 128 });
    return {
      pipeline: gpu.createComputePipeline({ layout: layouts, compute: { module, entryPoint: "main" } }),
      group: gpu.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] }),
    };
  });
  return {
    async round() {
      const before = performance.now();
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const { pipeline, group } of steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(1, 1, 1);
      }
      pass.end();
      gpu.queue.submit([encoder.finish()]);
      const time = performance.now() - before;
      await gpu.queue.onSubmittedWorkDone();
      return time;
    },
    numbers: (median) => ({ dispatches, "host us per dispatch": (1e3 * median) / dispatches }),
  };
}

export const benches: readonly Bench[] = [8, 32, 128].map((tensors) => ({
  name: `host cost ${tensors}`,
  shape: { tensors },
  variants: { compiled: () => compiled(tensors), "webgpu alone": () => bare(tensors) },
  rounds: 300,
}));
