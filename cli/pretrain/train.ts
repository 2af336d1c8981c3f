import { join } from "node:path";
import type { OpenedImages } from "../../data/collection.ts";
import { type Encoder, writeEncoder } from "../../training/encoder-file.ts";
import type { Measured } from "../../training/job/measure.ts";
import { encoderIn } from "../../training/job/method-of.ts";
import type { Recipe } from "../../training/job/recipe.ts";
import { type JobEvent, runJob } from "../../training/job/run-job.ts";
import { describeModel } from "../../training/job/words.ts";
import { folderStore } from "../../training/run/folder-store.ts";
import { replaceFile } from "../../training/run/replace-file.ts";
import type { CommandHost, Interruption } from "../host.ts";
import { LEFT_OUT, leftOut } from "../left-out.ts";
import { Progress } from "../progress.ts";
import { CONFIG, ENCODER, REPORT, type RunConfig } from "../run-folder.ts";
import type { Lines } from "../terminal.ts";
import { writeReport } from "../write-report.ts";
import type { FlagTexts } from "./plan.ts";

export interface Training {
  readonly host: CommandHost;
  readonly lines: Lines;
  readonly stop: Interruption;
  readonly folder: string;
  readonly name: string;
  readonly data: OpenedImages;
  readonly recipe: Recipe;
  readonly config: RunConfig;
  readonly flags: FlagTexts;
  readonly runs: string;
}

/** Trains, measures and writes what there is to keep; tells the exit code. */
export async function train(training: Training): Promise<number> {
  const { host, lines, stop, folder, name, data, recipe, config, flags, runs } = training;
  const { images } = data.train;
  const progress = new Progress(lines, { recipe, preset: config.preset, images });
  const measured: Measured[] = [];
  let ended: Extract<JobEvent, { type: "end" }> | undefined;
  let encoder: Encoder | undefined;
  let last: Extract<JobEvent, { type: "measured" }> | undefined;
  const events = runJob(data, recipe, {
    store: folderStore(folder, { lock: false }), // it was locked before anything was read
    resume: flags.resume !== undefined,
    signal: stop.signal,
    ...(config.microBatch === null ? {} : { microBatch: config.microBatch }),
    ...(config.memory === null ? {} : { memoryBudget: config.memory * 2 ** 20 }),
    ...(config.checkpointEvery === null ? {} : { checkpointEvery: config.checkpointEvery }),
    measure: {
      ...(flags["measure-views"] === undefined ? {} : { views: true }),
      seed: recipe.seed,
    },
  });
  for await (const event of events) {
    progress.tell(event);
    if (event.type === "end") {
      ended = event;
      const told = { ...config.encoder.training, steps: event.steps };
      encoder = encoderIn(event.state, { ...config.encoder, training: told });
      await replaceFile(join(folder, ENCODER), await writeEncoder(encoder));
    }
    if (event.type === "measured") {
      last = event;
      measured.push(event.measured);
    }
    if (stop.signal.aborted && event.type === "measured") break;
  }
  const again = `${host.program} pretrain --resume ${quoted(name)}${runs === "runs" ? "" : ` --runs ${quoted(runs)}`}`;
  if (!ended || !encoder || ended.stopped) {
    lines.say(`stopped; go on with: ${again}`);
    return stop.code;
  }
  if (stop.signal.aborted || !last) {
    lines.say(`stopped while measuring; the encoder is in ${join(folder, ENCODER)}`);
    return stop.code;
  }
  if (flags["no-report"] === undefined) {
    lines.pass("writing the report ...");
    await writeReport(join(folder, REPORT), {
      ...training,
      measured,
      images: last.images,
      question: last.question,
      encoder,
      model: describeModel(recipe, images, ended.state),
    });
  }
  const files = [
    ...[CONFIG, "metrics.jsonl", ENCODER],
    ...(flags["no-report"] === undefined ? [REPORT] : []),
    ...(leftOut(data).length > 0 ? [LEFT_OUT] : []),
  ];
  lines.say(`in ${folder}: ${files.join(", ")}`);
  return 0;
}

const quoted = (text: string): string => (/[^\w./-]/.test(text) ? JSON.stringify(text) : text);
