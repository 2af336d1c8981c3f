import { NoDeviceError } from "../core/errors.ts";

interface NodeWebGPU {
  create(options: string[]): GPU;
  globals: Record<string, unknown>;
}

/** The host's adapter: of the page, of Deno, or in Node of the package `webgpu`. */
export async function hostGPU(options: {
  gpu?: GPU;
  powerPreference?: GPUPowerPreference;
}): Promise<{ gpu: GPU; adapter: GPUAdapter }> {
  const gpu = options.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu ?? (await nodeGPU());
  const power = options.powerPreference ?? "high-performance";
  const adapter = (await gpu.requestAdapter({ powerPreference: power })) ?? (await gpu.requestAdapter());
  if (!adapter) {
    throw new NoDeviceError(
      "WebGPU is here but finds no adapter: install a Vulkan, Metal or Direct3D 12 driver, or name SwiftShader's ICD file in VK_ICD_FILENAMES",
    );
  }
  return { gpu, adapter };
}

let opened: GPU | null = null;

async function nodeGPU(): Promise<GPU> {
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
  opened = dawn.create([]);
  return opened;
}
