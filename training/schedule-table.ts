import { type Tensor, take, tensor } from "../mod.ts";
import type { Schedule } from "./schedule.ts";

/**
 * A schedule for use inside a compiled step, which counts its steps in a tensor.
 *
 * The values are worked out on the host in float64, so they are those of the schedule, rounded once.
 *
 * @param steps How many there are; from the last on, the value stays.
 * @returns The value at step `step`, a tensor of rank 0 (i32 or f32): `f32[]`.
 *
 * @example
 *   const rate = onDevice(cosine({ base: 1e-3, steps: 1000 }), 1000);
 *   const step = compile((state, batch) => ({ ... optimiser.step(params, grads, adam, { lr: rate(state.step) }) }));
 */
export function onDevice(schedule: Schedule, steps: number): (step: Tensor) => Tensor {
  if (!(Number.isInteger(steps) && steps > 0))
    throw new RangeError(`onDevice: ${steps} steps; need 1 or more`);
  const table = tensor(Float32Array.from({ length: steps }, (_, step) => schedule(step)));
  return (step) => take(table, step.cast("i32").clip({ min: 0, max: steps - 1 }));
}
