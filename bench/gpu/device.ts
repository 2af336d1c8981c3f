import { existsSync, readFileSync } from "node:fs";
import { createDevice, type Device, setDevice } from "../../mod.ts";
import { isTuning } from "../../tune.ts";

/** The table that tune.ts writes, in the folder that everything runs in. */
export const TABLE = "tuning.json";

/**
 * The device of these benches: with the kernels of GPUs whatever the adapter is, so that a software adapter tries what
 * a GPU will run, and with the tiles that were measured before, if any.
 */
export async function openDevice(): Promise<Device> {
  const table: unknown = existsSync(TABLE) ? JSON.parse(readFileSync(TABLE, "utf8")) : null;
  const device = await createDevice({ kernels: "gpu", tuning: () => (isTuning(table) ? table : null) });
  setDevice(device);
  return device;
}
