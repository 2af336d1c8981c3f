import { beforeAll, describe, expect, test } from "vitest";
import { benches as mlp } from "../../bench/steps/mlp.ts";
import { benches as simclr } from "../../bench/steps/simclr.ts";
import { benches as vit } from "../../bench/steps/vit.ts";
import { quadProfile } from "../../engine/core/profile.ts";
import { createDevice, setDevice } from "../../mod.ts";
import { nullGPU } from "../support/host.ts";

// Dispatches and megabytes of the steps that bench/ times, planned on the null device: they must not grow unnoticed.
// Peers need 55, 575 and 270 dispatches at the least; a quarter of that is wanted on the adapter of the comparison.
const most = {
  gpu: { mlp: [11, 20], vit: [100, 270], simclr: [94, 870] },
  quads: { mlp: [11, 20], vit: [100, 270], simclr: [67, 810] },
} as const;

describe.each(["gpu", "quads"] as const)("planned for %s", (family) => {
  beforeAll(async () => {
    const device = await createDevice({
      gpu: nullGPU(),
      kernels: family === "gpu" ? "gpu" : "software",
    });
    if (family === "quads") Object.defineProperty(device, "profile", { value: quadProfile });
    setDevice(device);
    return () => device.destroy();
  });

  test.each(Object.entries({ mlp, vit, simclr }))("the step of %s", async (name, [bench]) => {
    const subject = await bench?.variants.step?.();
    const numbers = await subject?.numbers?.(1);
    const [dispatches, megabytes] = most[family][name as keyof (typeof most)["gpu"]];
    expect(numbers?.dispatches).toBeLessThanOrEqual(dispatches);
    expect(numbers?.movedBytes).toBeLessThanOrEqual(megabytes * 1e6);
  });
});
