import { passTools } from "./compile/build-plan.ts";
import { createDevice, type Device, type DeviceOptions } from "./runtime/device.ts";

// The device that work goes to. It opens when the first values are asked for, so importing the library does nothing.

let current: Device | null = null;
let opening: Promise<Device> | null = null;
let startOptions: DeviceOptions = {};
const waiting: { run: (device: Device) => void; fail: (error: Error) => void }[] = [];

/** Makes `device` the one that work goes to from now on. */
export function setDevice(device: Device): void {
  current = device;
  opening = null;
  flush(device);
}

/** How the default device will be opened, if it is not open yet. */
export function configureDevice(options: DeviceOptions): void {
  startOptions = options;
}

/** The device that work goes to; opens the host's when there is none yet, or when it was lost. */
export function getDevice(): Promise<Device> {
  const device = openDevice();
  if (device) return Promise.resolve(device);
  if (opening) return opening;
  const mine = createDevice(startOptions).then(
    (device) => {
      // Another may have been set meanwhile.
      if (opening !== mine) {
        device.destroy();
        return getDevice();
      }
      setDevice(device);
      return device;
    },
    (error: Error) => {
      if (opening === mine) {
        opening = null;
        for (const { fail } of waiting.splice(0)) fail(error);
      }
      throw error;
    },
  );
  opening = mine;
  return mine;
}

/** The device if it is open. */
export const openDevice = (): Device | null => (current && !current.isLost ? current : null);

/** Runs `run` on `device` or, if that is null, on the open device: at once, or in order as soon as there is one. */
export function whenDevice(
  device: Device | null,
  run: (device: Device) => void,
  fail: (error: Error) => void,
): void {
  const target = device ?? (waiting.length === 0 ? openDevice() : null);
  if (target) {
    attempt(target, run, fail);
    return;
  }
  waiting.push({ run, fail });
  // What goes wrong is told to `fail`.
  getDevice().catch(() => undefined);
}

function flush(device: Device): void {
  for (const { run, fail } of waiting.splice(0)) attempt(device, run, fail);
}

function attempt(device: Device, run: (device: Device) => void, fail: (error: Error) => void): void {
  const later = passTools();
  if (later) {
    void later.then(() => attempt(device, run, fail), fail);
    return;
  }
  try {
    run(device);
  } catch (error) {
    fail(error as Error);
  }
}
