import { foldIn, getDevice, key } from "../../mod.ts";
import { emptyModel } from "../../training/encoder-file.ts";
import { fewLabelCurve } from "../../training/evaluate/few-labels.ts";
import { sgdProbe } from "../../training/evaluate/sgd-probe.ts";
import type { Measured } from "../../training/job/measure.ts";
import { measureModels } from "../../training/job/run-job.ts";
import { scoreTable, verdict, wayNames } from "../../training/job/words.ts";
import { UsageError } from "../errors.ts";
import { type CommandLine, helpOf, readFlags } from "../flags.ts";
import { type CommandHost, interruptible } from "../host.ts";
import { loadEncoder } from "../load-encoder.ts";
import { dataFlags, describeData, openData, readDataFlags } from "../open-data.ts";
import { Lines } from "../terminal.ts";

const { channels: _, ...flagsOfData } = dataFlags;

export const evaluateLine: CommandLine = {
  name: "evaluate",
  about: "Measures an encoder on images, beside raw pixels, scattering alone and an untrained encoder.",
  positionals: ["ENCODER"],
  flags: {
    ...flagsOfData,
    "measure-views": { hint: "", about: "measure by random views, too, where there are labels" },
    "few-labels": { hint: "", about: "accuracy against the number of labels of each class" },
    "sgd-probe": { hint: "", about: "a linear classifier by gradient descent, too" },
  },
  examples: [
    ["runs/first --data photos --hold-out 0.2", "folders in photos are the classes"],
    ["runs/first --data emoji --few-labels", "how far few labels go"],
    ["encoder.safetensors --data more-photos", "without classes: do two views of an image find each other?"],
  ],
};

export async function evaluateCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags, positionals, help } = readFlags(evaluateLine, args);
  const lines = new Lines(host.out);
  if (help) {
    lines.say(helpOf(evaluateLine));
    return 0;
  }
  if (flags.data === undefined)
    throw new UsageError("evaluate needs --data with a folder, a zip or a data set");
  const encoder = await loadEncoder(positionals[0] as string);
  const { description, model } = encoder;
  const { size, channels, statistics } = description;
  const choice = readDataFlags(flags, flags.data, 0);
  lines.say(`Morlet on ${(await getDevice()).name}`);
  const stop = interruptible(host, () => "stopping after this measurement");
  try {
    const data = await openData(
      { ...choice, size: choice.size ?? size, channels: channels === 1 ? 1 : 3 },
      ...([host, lines, stop.signal] as const),
    );
    for (const line of describeData(data)) lines.say(line);
    const untrained = emptyModel(description, foldIn(key(0), 0));
    const measured: Measured[] = [];
    let question: string | null = null;
    const options = flags["measure-views"] === undefined ? {} : { views: true };
    for await (const event of measureModels(data, { statistics, untrained, trained: model }, options)) {
      if (stop.signal.aborted) return 130;
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
    if (flags["sgd-probe"] !== undefined) await sgdTable(measured, lines);
    if (flags["few-labels"] !== undefined) await fewLabelTable(measured, lines);
    return 0;
  } finally {
    stop.end();
    lines.close();
  }
}

async function sgdTable(measured: readonly Measured[], lines: Lines): Promise<void> {
  lines.say("");
  lines.say("Linear classifier by gradient descent (rate 0.1, 100 epochs):");
  for (const { score, train, test } of measured) {
    if (!train || !test) return lines.say("needs labels and held-out images, which are not here");
    const { accuracy } = await sgdProbe(train, test, { rate: 0.1 });
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
