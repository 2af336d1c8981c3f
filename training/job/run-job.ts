import type { ImageCollection, OpenedImages } from "../../data/collection.ts";
import type { ScatSimClr } from "../../models/scatsimclr/scatsimclr.ts";
import type { ScatSimClrState } from "../methods/scatsimclr.ts";
import { pretrain, startOf } from "../pretrain.ts";
import type { TrainingEvent } from "../run/events.ts";
import type { Json, PretrainOptions } from "../run/options.ts";
import { cosine } from "../schedule.ts";
import { type Measured, type MeasureOptions, Measures, someOf } from "./measure.ts";
import { methodOf, methodOptions } from "./method-of.ts";
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
  | TrainingEvent<ScatSimClrState>
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
  const { epochs, batch, seed, rate } = recipe;
  const steps = epochs * Math.floor(images.count / batch);
  let trained: ScatSimClr | undefined;
  for await (const event of pretrain(method, images, {
    ...{ epochs, batch, seed, ...run },
    schedule: cosine({ base: rate, steps: Math.max(1, steps) }),
    configuration: configurationOf(recipe),
    monitorImages: someOf(data.test ?? data.train, MONITORED, seed).images,
  })) {
    if (event.type === "end" && (!event.stopped || measureStopped)) trained = event.state.model;
    yield event;
  }
  if (!trained) return;
  const { statistics } = methodOptions(recipe, images);
  yield* measureModels(data, { statistics, untrained: startOf(method, seed).model, trained }, measure);
}

/** What is compared; without an untrained model that row is left out. */
export interface Compared {
  readonly statistics: ConstructorParameters<typeof Ways>[0];
  readonly untrained: ScatSimClr | null;
  readonly trained: ScatSimClr;
}

/** Measures a model and the baselines, one after the other. */
export async function* measureModels(
  data: OpenedImages,
  { statistics, untrained, trained }: Compared,
  options: MeasureOptions = {},
): AsyncGenerator<Extract<JobEvent, { type: "measuring" | "measured" }>> {
  const measures = new Measures(data.train, data.test, options);
  const ways = new Ways(statistics, untrained, trained);
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

/** What settles the run beside the images and the schedules, which are compared by themselves. */
function configurationOf(recipe: Recipe): Json {
  const { epochs: _, batch: __, seed: ___, rate: ____, ...rest } = recipe;
  return JSON.parse(JSON.stringify(rest)) as Json;
}
