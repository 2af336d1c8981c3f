// The GPU of the tests that run in Node: Dawn, from the npm package `webgpu`. A process ends by itself only
// when nothing refers to what `create` returned, so whoever installs a GPU globally removes it.
import { create, globals } from "webgpu";
import { restWhileWaiting } from "../../engine/runtime/node-rest.ts";

Object.assign(globalThis, globals); // GPUBufferUsage and kin, which browsers and Deno have from the start
restWhileWaiting(globals);

/** A `GPU` on the adapter that the environment offers (see tools/host/adapter.mjs). */
export function nodeGPU(): GPU {
  return create([]);
}

/** Dawn's null backend: validates shaders, bindings and limits in no time, and computes nothing. */
export function nullGPU(): GPU {
  return create(["backend=null"]);
}

/** Makes Node look like the other hosts: puts a GPU at `navigator.gpu`. */
export function installGPU(gpu: GPU = nodeGPU()): void {
  // Node has no `navigator` before version 21.
  globalThis.navigator ??= {} as Navigator;
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
}

/** Undoes `installGPU`. */
export function removeGPU(): void {
  Reflect.deleteProperty(globalThis.navigator, "gpu");
}
