import { describe, expect, test } from "vitest";
import { benches as attention } from "../../bench/gpu/attention.ts";
import { benches as matmul } from "../../bench/gpu/matmul.ts";
import { benches as streaming } from "../../bench/gpu/streaming.ts";
import { useDevice } from "../support/device.ts";

// Dawn's null backend checks kernels and bindings as a GPU's driver would see them, and computes nothing. Its limits are
// the least that WebGPU allows.
describe("benches of kernels at a GPU's sizes", () => {
  useDevice({ backend: "null", kernels: "gpu" });

  test.each([...matmul, ...streaming, ...attention])(
    "$name is planned within WebGPU's least limits",
    async ({ variants }) => {
      const subject = await variants.float32?.();
      await expect(subject?.round()).resolves.toBeGreaterThan(0);
      const { dispatches } = (await subject?.numbers?.(1)) ?? {};
      expect(dispatches).toBeGreaterThanOrEqual(1);
      expect(dispatches).toBeLessThanOrEqual(8);
    },
  );
});
