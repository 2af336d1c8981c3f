import { afterAll, beforeAll } from "vitest";
import { createDevice, type Device, type DeviceOptions, setDevice } from "../../mod.ts";
import { nodeGPU, nullGPU } from "./host.ts";

/** Opens a device for the tests of a file, makes it the one that work goes to, and closes it at the end. */
export function useDevice(options: DeviceOptions & { backend?: "null" } = {}): () => Device {
  let device: Device;
  beforeAll(async () => {
    const { backend, ...rest } = options;
    device = await createDevice({ gpu: backend === "null" ? nullGPU() : nodeGPU(), ...rest });
    setDevice(device);
  });
  afterAll(() => device.destroy());
  return () => device;
}
