import type { Device } from "../../mod.ts";

/** Of the machine's memory that steps may take where the processor does the work of a GPU. */
const SHARE = 0.5;

/**
 * Bytes that steps may take by their plans if nobody says: half of the machine's memory where that is the device's, too,
 * since a system that runs out of it ends the program. A GPU says itself when it has no more; null then, and where the
 * host does not tell how much there is.
 */
export async function usualBudget(device: Device): Promise<number | null> {
  if (device.profile.kind !== "software") return null;
  const bytes = await machineMemory();
  return bytes === null ? null : SHARE * bytes;
}

/** Bytes of memory that the machine has for this program; null where nothing tells. */
export async function machineMemory(): Promise<number | null> {
  // Whole gigabytes, 8 at most, and not in all browsers.
  const { deviceMemory } = (globalThis.navigator ?? {}) as { deviceMemory?: number };
  if (deviceMemory !== undefined) return deviceMemory * 2 ** 30;
  const { process } = globalThis as { process?: { constrainedMemory?(): number } };
  if (!process) return null;
  // A variable, so that bundlers for browsers do not look for the module.
  const specifier = "node:os";
  const { totalmem } = (await import(/* @vite-ignore */ specifier)) as typeof import("node:os");
  // Of a container; 0 or absurdly large where there is no such bound.
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
