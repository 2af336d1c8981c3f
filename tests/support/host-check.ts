// Runs once before all tests: without an adapter each of them would fail in a way that says little.
import { nodeGPU } from "./host.ts";

export default async function checkHost(): Promise<void> {
  if (await nodeGPU().requestAdapter()) return;
  console.error("morlet: no WebGPU adapter here. Run tests with: node tools/vitest.mjs [vitest arguments]");
}
