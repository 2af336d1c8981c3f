import { createDevice, type Device, type DeviceOptions } from "./runtime/device.ts";

// The device that work goes to. It opens when the first values are asked for, so importing the library does nothing.

let current: Device | null = null;
let opening: Promise<Device> | null = null;
let startOptions: DeviceOptions = {};
const waiting: { run: (device: Device) => void; fail: (error: Error) => void }[] = [];

/** Makes `device` the one that work goes to from now on. */
export function setDevice(device: Device): void {
  current = device;
  opening = Promise.resolve(device);
  flush(device);
}

/** How the default device will be opened, if it is not open yet. */
export function configureDevice(options: DeviceOptions): void {
  startOptions = options;
}

/** The device that work goes to; opens the host's when there is none yet, or when it was lost. */
export function getDevice(): Promise<Device> {
  if (current && !current.isLost) return Promise.resolve(current);
  if (current) {
    current = null;
    opening = null;
  }
  opening ??= createDevice(startOptions).then(
    (device) => {
      current = device;
      flush(device);
      return device;
    },
    (error: Error) => {
      opening = null;
      for (const { fail } of waiting.splice(0)) fail(error);
      throw error;
    },
  );
  return opening;
}

/** The device if it is open. */
export const openDevice = (): Device | null => current;

/** Runs `run` at once if a device is open, else in order as soon as one is. */
export function whenDevice(run: (device: Device) => void, fail: (error: Error) => void): void {
  if (current && waiting.length === 0) {
    run(current);
    return;
  }
  waiting.push({ run, fail });
  // What goes wrong is told to `fail`.
  getDevice().catch(() => undefined);
}

function flush(device: Device): void {
  for (const { run, fail } of waiting.splice(0)) {
    try {
      run(device);
    } catch (error) {
      fail(error as Error);
    }
  }
}
