import { expect, test } from "vitest";
import { nodeGPU, nullGPU } from "../support/host.ts";

test("a device can be had in Node", async () => {
  const adapter = await nodeGPU().requestAdapter();
  const device = await adapter?.requestDevice();
  expect(device).toBeDefined();
  device?.destroy();
});

test("the null backend validates shaders", async () => {
  const adapter = await nullGPU().requestAdapter();
  const device = await adapter?.requestDevice();
  device?.pushErrorScope("validation");
  device?.createShaderModule({ code: "not wgsl" });
  expect(await device?.popErrorScope()).not.toBeNull();
  device?.destroy();
});
