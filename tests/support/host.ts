// The GPU of the tests that run in Node: Dawn, from the npm package `webgpu`.
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);

/** A `GPU` on the adapter that the environment offers (see tools/host-env.mjs). */
export function nodeGPU(): GPU {
  return create([]);
}

/** Dawn's null backend: validates shaders, bindings and limits, and computes nothing. */
export function nullGPU(): GPU {
  return create(["backend=null"]);
}
