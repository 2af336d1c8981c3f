import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { getDevice } from "../../mod.ts";
import { type Encoder, type EncoderDescription, emptyModel } from "../../training/encoder-file.ts";
import { fewLabelCurve } from "../../training/evaluate/few-labels.ts";
import type { Classified, Labelled } from "../../training/evaluate/labelled.ts";
import { publishedLinearEvaluation } from "../../training/evaluate/published-linear.ts";
import { sgdProbe } from "../../training/evaluate/sgd-probe.ts";
import type { Measured } from "../../training/job/measure.ts";
import { measureEncoders } from "../../training/job/run-job.ts";
import { scoreTable, verdict, wayNames } from "../../training/job/words.ts";
import { modelKey } from "../../training/methods/contrastive.ts";
import { startingKey } from "../../training/run/run-plan.ts";
import { UsageError } from "../errors.ts";
import { type CommandLine, readFlags } from "../flags.ts";
import { type CommandHost, stoppable } from "../host.ts";
import { leftOut, writeLeftOut } from "../left-out.ts";
import { checkFits, loadEncoder } from "../load-encoder.ts";
import { dataFlags, describeData, openData, readDataFlags } from "../open-data.ts";
import { Lines } from "../terminal.ts";

const { channels: _, ...flagsOfData } = dataFlags;

export const evaluateLine: CommandLine = {
  name: "evaluate",
  about: "Measures an encoder on images, beside raw pixels, scattering alone and an untrained encoder.",
  positionals: ["ENCODER"],
  flags: {
    ...flagsOfData,
    "left-out": { hint: "FILE", about: "list there every file that could not be used, with the reason" },
    "measure-views": { hint: "", about: "measure by random views, too, where there are labels" },
    "few-labels": { hint: "", about: "accuracy against the number of labels of each class" },
    "sgd-probe": { hint: "", about: "a linear classifier by gradient descent, too" },
    "published-probe": { hint: "", about: "the linear classifier of ScatSimCLR's code, too" },
  },
  examples: [
    ["runs/first --data photos --hold-out 0.2", "folders in photos are the classes"],
    ["runs/first --data emoji --few-labels", "how far few labels go"],
    ["encoder.safetensors --data more-photos", "without classes: do two views of an image find each other?"],
  ],
};

export async function evaluateCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags, positionals } = readFlags(evaluateLine, args);
  const lines = new Lines(host.out);
  if (flags.data === undefined)
    throw new UsageError("evaluate needs --data with a folder, a zip or a data set");
  const encoder = await loadEncoder(positionals[0] as string);
  const { description } = encoder;
  const { size, channels } = description;
  const choice = readDataFlags(flags, flags.data, 0);
  const list = flags["left-out"];
  if (list !== undefined) await mkdir(dirname(list), { recursive: true }); // before the work, not after it
  lines.say(`Morlet on ${(await getDevice()).name}`);
  const words = { asked: () => "stopping after this measurement", stopped: "stopped" };
  return stoppable(host, lines, words, async (stop) => {
    const data = await openData(
      { ...choice, size: choice.size ?? size, channels },
      ...([host, lines, stop.signal] as const),
    );
    checkFits(encoder, data.train.images);
    const all = list === undefined ? "--left-out FILE lists all" : `all in ${list}`;
    for (const line of describeData(data, "compare with", all)) lines.say(line);
    if (list !== undefined) await writeLeftOut(list, leftOut(data));
    const start = emptyModel(description, modelKey(startingKey(seedOf(description))));
    const untrained: Encoder = { model: start, description };
    const measured: Measured[] = [];
    let question: string | null = null;
    const options = flags["measure-views"] === undefined ? {} : { views: true };
    for await (const event of measureEncoders(data, { untrained, trained: encoder }, options)) {
      stop.signal.throwIfAborted();
      if (event.type === "measuring") lines.pass(`measuring: ${wayNames[event.what]} ...`);
      else {
        measured.push(event.measured);
        question = event.question;
      }
    }
    const scores = measured.map(({ score }) => score);
    lines.say("");
    if (question) lines.say(question);
    lines.table(scoreTable(scores));
    lines.say("");
    lines.say(verdict(scores));
    if (flags["sgd-probe"] !== undefined) {
      const title = "Linear classifier by gradient descent (rate 0.1, 100 epochs):";
      await probeTable(title, measured, lines, (train, test) => sgdProbe(train, test, { rate: 0.1 }));
    }
    if (flags["published-probe"] !== undefined) {
      await probeTable("Linear classifier of ScatSimCLR's code:", measured, lines, publishedLinearEvaluation);
    }
    if (flags["few-labels"] !== undefined) await fewLabelTable(measured, lines);
    return 0;
  });
}

/** Of the run, so that the untrained encoder is the one that the run started from. */
const seedOf = ({ training }: EncoderDescription): number =>
  ((training.recipe ?? {}) as { seed?: number }).seed ?? 0;

type Probe = (train: Labelled, test: Labelled) => Promise<Classified>;

async function probeTable(
  title: string,
  measured: readonly Measured[],
  lines: Lines,
  probe: Probe,
): Promise<void> {
  lines.say("");
  lines.say(title);
  for (const { score, train, test } of measured) {
    if (!train || !test) return lines.say("needs labels and held-out images, which are not here");
    const { accuracy } = await probe(train, test);
    lines.table([[wayNames[score.way], `${(accuracy * 100).toFixed(1)} %`]]);
  }
}

async function fewLabelTable(measured: readonly Measured[], lines: Lines): Promise<void> {
  lines.say("");
  lines.say("Linear accuracy in percent by labels of each class, mean and deviation of 5 draws:");
  let first = true;
  for (const { score, train, test } of measured) {
    if (!train || !test) return lines.say("needs labels and held-out images, which are not here");
    const curve = await fewLabelCurve(train, test);
    const cells = curve.map(
      ({ mean, deviation }) => `${(mean * 100).toFixed(1)}±${(deviation * 100).toFixed(1)}`,
    );
    if (first) lines.table([["", ...curve.map(({ perClass }) => String(perClass))]]);
    first = false;
    lines.table([[wayNames[score.way], ...cells]]);
  }
}
