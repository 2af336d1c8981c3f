// The platform suite in Node; Deno and Chromium run the same cases through run-deno.ts and page/.
import { afterAll, expect, test } from "vitest";
import { installGPU, nullGPU, removeGPU } from "../support/host.ts";
import { Skip } from "./case.ts";
import { cases } from "./suite.ts";

installGPU();
afterAll(removeGPU);

for (const { name, run } of cases) {
  test(name, async (context) => {
    try {
      await run();
    } catch (error) {
      if (error instanceof Skip) context.skip(error.message);
      throw error;
    }
  });
}

test("the null backend validates shaders without a GPU", async () => {
  const adapter = await nullGPU().requestAdapter();
  const device = await adapter?.requestDevice();
  if (!device) throw new Error("the null backend gives no device");
  device.pushErrorScope("validation");
  device.createShaderModule({ code: "fn f() -> f32 { return 1u; }" });
  expect(await device.popErrorScope()).not.toBeNull();
  device.destroy();
});
