import { NoDeviceError } from "../core/errors.ts";

/** The host's adapter: of the page, of Deno, or in Node of the package `webgpu`. */
export async function hostGPU(options: {
  gpu?: GPU;
  powerPreference?: GPUPowerPreference;
}): Promise<{ gpu: GPU; adapter: GPUAdapter }> {
  const gpu =
    options.gpu ??
    (globalThis.navigator as Navigator | undefined)?.gpu ??
    (await (await import("./node-gpu.ts")).nodeGPU());
  const power = options.powerPreference ?? "high-performance";
  const adapter = (await gpu.requestAdapter({ powerPreference: power })) ?? (await gpu.requestAdapter());
  if (!adapter) {
    throw new NoDeviceError(
      "WebGPU finds no adapter: install a Vulkan, Metal or Direct3D 12 driver, or name SwiftShader's ICD file in VK_ICD_FILENAMES",
    );
  }
  return { gpu, adapter };
}
