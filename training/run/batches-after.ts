import type { ImageSet } from "../../data/images.ts";
import { batches } from "../../data/loader/batches.ts";
import type { Tensor } from "../../mod.ts";
import type { RunPlan } from "./run-plan.ts";

/** The batches of the steps after the first `done` ones, to the end of the run. Whoever takes one disposes it. */
export async function* batchesAfter(done: number, images: ImageSet, plan: RunPlan): AsyncGenerator<Tensor> {
  const { batch, epochs, stepsPerEpoch } = plan.length;
  const from = { epoch: Math.floor(done / stepsPerEpoch), step: done % stepsPerEpoch };
  const { seed } = plan.record;
  for await (const { images: ready } of batches(images, { batch, seed, epochs, from })) yield ready;
}
