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

/** About two dispatches for each tensor: a product with itself, and what is made of it. */
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

export const benches: readonly Bench[] = [8, 32, 128].map((tensors) => ({
  name: `host cost ${tensors}`,
  shape: { tensors },
  variants: { compiled: () => compiled(tensors) },
  rounds: 100,
}));
