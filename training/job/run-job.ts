import type { ImageCollection, OpenedImages } from "../../data/collection.ts";
import type { Encoder } from "../encoder-file.ts";
import { pretrain, startOf } from "../pretrain.ts";
import type { TrainingEvent } from "../run/events.ts";
import type { Json, PretrainOptions } from "../run/options.ts";
import { type Measured, type MeasureOptions, Measures, someOf } from "./measure.ts";
import { descriptionOf, encoderIn, methodOf, rateOf } from "./method-of.ts";
import type { Recipe } from "./recipe.ts";
import { type WayName, Ways } from "./ways.ts";

export interface JobOptions
  extends Pick<
    PretrainOptions,
    "signal" | "store" | "resume" | "checkpointEvery" | "monitorEvery" | "microBatch" | "memoryBudget"
  > {
  readonly measure?: MeasureOptions;
  /** Whether a run that was ended early is measured, too. Default false. */
  readonly measureStopped?: boolean;
}

export type JobEvent =
  | TrainingEvent<unknown>
  | { readonly type: "measuring"; readonly what: WayName }
  | {
      readonly type: "measured";
      readonly measured: Measured;
      /** What was measured with. */
      readonly images: ImageCollection;
      readonly heldOut: boolean;
      /** What was asked of pairs, if there are some. */
      readonly question: string | null;
    };

/** Images that monitors look at: enough to tell a collapse, few enough to cost little on a slow machine. */
const MONITORED = 128;

/**
 * The main job: learns from images without their labels, then measures what was learned beside raw pixels, scattering
 * alone, and the encoder as it was before.
 *
 * @param data As `prepared` gives it.
 *
 * @example
 *   const data = prepared(await openImages("photos/", { holdOut: 0.1 }), presets.quick.recipe);
 *   for await (const event of runJob(data, presets.quick.recipe)) console.log(event.type);
 *
 * Source: training/job/run-job.ts.
 */
export async function* runJob(
  data: OpenedImages,
  recipe: Recipe,
  options: JobOptions = {},
): AsyncGenerator<JobEvent> {
  const { measure, measureStopped = false, ...run } = options;
  const { images } = data.train;
  const method = methodOf(recipe, images);
  const { epochs, batch, seed, activations } = recipe;
  const schedule = rateOf(recipe, Math.max(1, epochs * Math.floor(images.count / batch)));
  let trained: unknown;
  for await (const event of pretrain(method, images, {
    ...{ epochs, batch, seed, ...run },
    ...(schedule && { schedule }),
    ...(activations && { activations }),
    configuration: configurationOf(recipe),
    monitorImages: someOf(data.test ?? data.train, MONITORED, seed).images,
  })) {
    if (event.type === "end" && (!event.stopped || measureStopped)) trained = event.state;
    yield event;
  }
  if (!trained) return;
  const description = descriptionOf(recipe, images, {});
  const untrained = encoderIn(startOf(method, seed), description);
  yield* measureEncoders(data, { untrained, trained: encoderIn(trained, description) }, measure);
}

/** What is compared; without an untrained encoder that row is left out. */
export interface Compared {
  readonly untrained: Encoder | null;
  readonly trained: Encoder;
}

/** Measures an encoder and the baselines, one after the other. */
export async function* measureEncoders(
  data: OpenedImages,
  { untrained, trained }: Compared,
  options: MeasureOptions = {},
): AsyncGenerator<Extract<JobEvent, { type: "measuring" | "measured" }>> {
  const measures = new Measures(data.train, data.test, options);
  const ways = new Ways(untrained, trained);
  try {
    for (const way of ways.all) {
      yield { type: "measuring", what: way.name };
      const measured = await measures.measure(way);
      const { test: images, heldOut, pairs } = measures;
      yield { type: "measured", measured, images, heldOut, question: pairs?.question ?? null };
    }
  } finally {
    ways.dispose();
  }
}

/** What settles the run beside the method, the images and the schedules, which are compared by themselves. */
function configurationOf(recipe: Recipe): Json {
  const { method: _, epochs: __, batch: ___, seed: ____, rate: _____, activations: ______, ...rest } = recipe;
  return JSON.parse(JSON.stringify(rest)) as Json;
}
