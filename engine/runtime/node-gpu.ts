import { NoDeviceError } from "../core/errors.ts";
import { restWhileWaiting } from "./node-rest.ts";

interface NodeWebGPU {
  create(options: string[]): GPU;
  globals: Record<string, unknown>;
}

let opened: GPU | null = null;

/** WebGPU in Node, by the package `webgpu`: no page loads this. */
export async function nodeGPU(): Promise<GPU> {
  if (opened) return opened;
  const isNode =
    typeof (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node ===
    "string";
  if (!isNode)
    throw new NoDeviceError(
      "this host has no WebGPU: use a browser with navigator.gpu, Deno, or Node with the package webgpu",
    );
  // Not a literal, so that bundlers for the web do not follow it.
  const name = "webgpu";
  let dawn: NodeWebGPU;
  try {
    dawn = (await import(/* @vite-ignore */ name)) as unknown as NodeWebGPU;
  } catch (cause) {
    throw new NoDeviceError("Node has no WebGPU of its own: npm install webgpu", { cause });
  }
  Object.assign(globalThis, dawn.globals);
  restWhileWaiting(dawn.globals);
  opened = dawn.create([]);
  return opened;
}
