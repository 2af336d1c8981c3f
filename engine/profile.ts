import { getDevice } from "./current-device.ts";
import type { Device } from "./runtime/device.ts";
import type { KernelTiming } from "./runtime/recording.ts";

export interface ProfileOptions {
  /** The device whose work is timed; by default the one that work goes to. */
  readonly device?: Device;
}

/**
 * Times every kernel that `body` makes the device run.
 *
 * The clock starts when all earlier work is done and ends when that of `body` is, whether `body` reads results or not.
 * Call a compiled function once before, or its compilation is all that the first profile shows.
 *
 * @param body What to time; may be asynchronous.
 * @returns One entry for each dispatch, in order: kernel, the ops it computes, what it belongs to, start and duration
 *   in microseconds, and the operations and bytes it needs at the least. Browsers round times to 100 us or so.
 * @throws {DeviceLimitError} If the adapter lacks the feature `timestamp-query`.
 *
 * Cost: each dispatch has a pass of its own, so that a step as a whole takes longer than without profiling.
 *
 * @example
 *   const kernels = await profile(() => step(state, batch));
 *   kernels.sort((a, b) => b.duration - a.duration);
 *
 * Source: engine/profile.ts.
 */
export async function profile(
  body: () => unknown,
  options: ProfileOptions = {},
): Promise<readonly KernelTiming[]> {
  const device = options.device ?? (await getDevice());
  const { record } = await import("./runtime/timing.ts");
  return (await record(device, "profile", body)).kernels;
}

/**
 * Records what device and host do for `body`, as a file for https://ui.perfetto.dev or chrome://tracing: a track with
 * the kernels and one with what the host did (compile, encode, readback).
 *
 * @param body What to record; may be asynchronous.
 * @returns The text of the file, JSON in the trace event format. Times of the two tracks are laid on each other such
 *   that no kernel begins before it was submitted; they may be off by the time the GPU waited.
 * @throws {DeviceLimitError} If the adapter lacks the feature `timestamp-query`.
 *
 * @example
 *   await writeFile("step.json", await recordTrace(() => step(state, batch)));
 *
 * Source: engine/profile.ts.
 */
export async function recordTrace(body: () => unknown, options: ProfileOptions = {}): Promise<string> {
  const device = options.device ?? (await getDevice());
  const { record, traceText } = await import("./runtime/timing.ts");
  return traceText(await record(device, "recordTrace", body));
}
