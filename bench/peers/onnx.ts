import * as ort from "onnxruntime-web/webgpu";
import { ModelBuilder, recorder } from "./onnx-model.ts";
import type { Peer } from "./ops.ts";

/** ONNX Runtime Web on its WebGPU provider; inputs and results stay on the device. */
export async function open(): Promise<Peer> {
  ort.env.wasm.wasmPaths = new URL("./", document.baseURI).href;
  ort.env.logLevel = "error";
  return {
    name: "ONNX Runtime Web",
    async prepareFunction({ inputs, run, gradients }) {
      if (gradients) throw new Error("no gradients");
      const builder = new ModelBuilder(inputs);
      const model = builder.finish(run(recorder(builder), builder.inputs));
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ["webgpu"],
        preferredOutputLocation: "gpu-buffer",
      });
      const device = (await ort.env.webgpu.device) as GPUDevice;
      const buffers: GPUBuffer[] = [];
      const feeds: Record<string, ort.Tensor> = {};
      for (const [name, { data, shape }] of Object.entries(inputs)) {
        const buffer = device.createBuffer({
          size: data.byteLength,
          usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
        });
        device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
        buffers.push(buffer);
        const { name: given } = builder.inputs[name] as { name: string };
        feeds[given] = ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: [...shape] });
      }
      let results: ort.Tensor[] = [];
      const clear = () => {
        for (const y of results) y.dispose();
        results = [];
      };
      return {
        async run() {
          clear();
          results = Object.values(await session.run(feeds));
          await device.queue.onSubmittedWorkDone();
        },
        results: () => Promise.all(results.map((y) => y.getData() as Promise<Float32Array>)),
        dispose() {
          clear();
          for (const buffer of buffers) buffer.destroy();
          void session.release();
        },
      };
    },
    prepareStep: () => Promise.reject(new Error("no gradients")),
  };
}
