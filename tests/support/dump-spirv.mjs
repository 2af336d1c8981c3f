// Compiles the kernels that standard input has as a JSON list of WGSL texts, so that Dawn prints the SPIR-V that Tint
// makes of them, as the toggle `dump_shaders` tells it to: node dump-spirv.mjs toggle,toggle
import { readFileSync } from "node:fs";
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);

/** @type {string[]} */
const texts = JSON.parse(readFileSync(0, "utf8"));
const gpu = create([`enable-dawn-features=${process.argv[2]}`]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("no adapter");
const device = await adapter.requestDevice({
  requiredFeatures: ["subgroups"],
  requiredLimits: { maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize },
});
device.addEventListener("uncapturederror", (event) => {
  console.error(/** @type {GPUUncapturedErrorEvent} */ (event).error.message);
  process.exitCode = 1;
});
for (const code of texts) {
  const module = device.createShaderModule({ code });
  // One after the other, so that they are printed in this order.
  device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
}
await device.queue.onSubmittedWorkDone();
device.destroy();
