// What must not grow: memory and compilations.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import type { Compiled, Device } from "../../mod.ts";

/**
 * Runs `body` `warmup` times and then `steps` times, and expects that the device holds as many bytes after these as
 * before, and has made no new buffers for them. Garbage is collected before, and not after: what `body` drops must not
 * need that.
 */
export async function expectSteadyMemory(
  device: Device,
  { warmup, steps }: { warmup: number; steps: number },
  body: (step: number) => unknown,
): Promise<void> {
  for (let i = 0; i < warmup; i++) await body(i);
  await device.idle();
  await collectGarbage();
  const before = device.memory();
  for (let i = 0; i < steps; i++) await body(warmup + i);
  await device.idle();
  const { live, allocations } = device.memory();
  expect({ live, allocations }).toEqual({ live: before.live, allocations: before.allocations });
}

/** Expects that a compiled function has traced no more than so many signatures. */
export function assertCompilesAtMost(
  step: Pick<Compiled<unknown[], unknown>, "compilations">,
  n: number,
): void {
  expect(step.compilations).toBeLessThanOrEqual(n);
}

let gc: (() => void) | null = null;

/** Collects garbage, and lets the finalizers run. */
export async function collectGarbage(): Promise<void> {
  if (!gc) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
  }
  // Finalizers run as tasks, and what they free may free more.
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
