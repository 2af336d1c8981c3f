import { getDevice } from "../../mod.ts";

/** A driver that has just been reset may need a moment. */
const WAITS = [0, 200, 1000, 4000];

/**
 * Opens a device in the place of one that was lost.
 *
 * @throws {NoDeviceError} If there is none after some tries.
 */
export async function reopenDevice(): Promise<void> {
  let failure: unknown;
  for (const wait of WAITS) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      await getDevice();
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
