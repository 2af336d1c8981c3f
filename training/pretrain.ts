import type { ImageSet } from "../data/images.ts";
import { DeviceLimitError, getDevice } from "../mod.ts";
import type { Method } from "./method.ts";
import { Archive } from "./run/archive.ts";
import type { TrainingEvent } from "./run/events.ts";
import { usualBudget } from "./run/memory-budget.ts";
import { microBatchOf } from "./run/micro-batch.ts";
import type { PretrainOptions } from "./run/options.ts";
import { Run } from "./run/run.ts";
import { planRun, type RunPlan, startingKey } from "./run/run-plan.ts";

/**
 * A training run, as what happens in it, one event after the other.
 *
 * The step is compiled once. The device is kept busy: the loss of a step is read while the next one runs, so events are
 * one step behind. `state` of "start" is a copy that stays; that of "end" is the result.
 *
 * With a `store` the run writes `metrics.jsonl` (one event a line) and checkpoints of its complete state there, the two
 * newest of which are kept. Killed at any moment, it goes on with `resume` from the newest whole one, and its losses are
 * those, bit by bit, of a run that was never interrupted. A device that is lost is replaced likewise, from a copy of the
 * state on the host. A batch that the device has no room for goes through the model in pieces from then on, if the method
 * has its step in parts, and a warning tells so.
 *
 * @param images All of one size. What is left over of an epoch after the last whole batch is not used in it.
 * @throws {RangeError} If there is not one whole batch, or nothing to do.
 * @throws {ResumeError} If the store has a run that may not, or cannot, go on as asked.
 * @throws {RunInUseError} If another run goes on in the store.
 * @throws {CheckpointError} If all checkpoints in the store are damaged.
 * @throws {DivergedError} If the loss or the gradient is no finite number; it names the op. Checkpoints stay.
 * @throws {DeviceLimitError} If activations are to be in half precision, and the adapter has none.
 * @throws {OutOfMemoryError} If the device has no room for the smallest pieces, or for the pieces that were asked for.
 * @throws {DeviceLostError} If the device is lost again and again at one step.
 *
 * @example
 *   const store = folderStore("runs/first");
 *   for await (const event of pretrain(method, images, { epochs: 10, batch: 100, store, resume: true })) {
 *     if (event.type === "step") console.log(event.step, event.loss);
 *   }
 *
 * Source: training/pretrain.ts.
 */
export async function* pretrain<S>(
  method: Method<S>,
  images: ImageSet,
  options: PretrainOptions,
): AsyncGenerator<TrainingEvent<S>> {
  const plan = planRun(method, images, options);
  const unlock = await options.store?.lock?.();
  try {
    yield* planned(method, images, options, plan);
  } finally {
    await unlock?.();
  }
}

async function* planned<S>(
  method: Method<S>,
  images: ImageSet,
  options: PretrainOptions,
  plan: RunPlan,
): AsyncGenerator<TrainingEvent<S>> {
  const device = await getDevice();
  // Told here, and not as a batch that does not fit.
  if (plan.record.activations === "f16" && !device.profile.f16)
    throw new DeviceLimitError('pretrain: activations "f16"', "shader-f16", 1, 0, '"f32"');
  const archive = options.store ? await Archive.open(options.store, plan, options) : null;
  const microBatch = microBatchOf(method, plan, images, options, {
    before: archive?.microBatch ?? null,
    usual: await usualBudget(device),
  });
  archive?.settle(microBatch.size);
  const run = new Run({ method, images, plan, options, archive, microBatch });
  try {
    for await (const event of run.events()) {
      await archive?.note(event);
      yield event;
    }
  } catch (error) {
    await run.rescue(error);
    await archive?.fail(run.step, error);
    throw error;
  } finally {
    run.dispose();
    await archive?.close();
  }
}

/** The state that a run with this seed starts from. */
export const startOf = <S>(method: Method<S>, seed = 0): S => method.start(startingKey(seed));
