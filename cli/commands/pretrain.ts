import { basename, join } from "node:path";
import type { OpenedImages } from "../../data/collection.ts";
import { getDevice } from "../../mod.ts";
import { type Encoder, writeEncoder } from "../../training/encoder-file.ts";
import { autoRecipe, fittedBatch } from "../../training/job/auto.ts";
import {
  changedRecipe,
  checkRecipe,
  numberOf,
  recipeChanges,
  recipeChoices,
} from "../../training/job/change-recipe.ts";
import { fittedToMemory } from "../../training/job/fit-recipe.ts";
import type { Measured } from "../../training/job/measure.ts";
import { descriptionOf, encoderIn, isMethod, methodNames } from "../../training/job/method-of.ts";
import { prepared } from "../../training/job/prepare.ts";
import type { Preset } from "../../training/job/presets/preset.ts";
import { isPreset, presetNames, presets } from "../../training/job/presets.ts";
import type { MethodName, Recipe } from "../../training/job/recipe.ts";
import { type JobEvent, runJob } from "../../training/job/run-job.ts";
import { describeModel } from "../../training/job/words.ts";
import { lockFolder } from "../../training/run/folder-lock.ts";
import { folderStore } from "../../training/run/folder-store.ts";
import { replaceFile } from "../../training/run/replace-file.ts";
import { UsageError } from "../errors.ts";
import { type CommandLine, helpOf, nearestName, readFlags } from "../flags.ts";
import { type CommandHost, type Interruption, interruptible } from "../host.ts";
import { type DataChoice, dataFlags, describeData, openData, readDataFlags } from "../open-data.ts";
import { Progress } from "../progress.ts";
import {
  CONFIG,
  ENCODER,
  knownRunFolder,
  newRunFolder,
  REPORT,
  type RunConfig,
  readConfig,
  startRunFolder,
} from "../run-folder.ts";
import { Lines } from "../terminal.ts";
import { writeReport } from "../write-report.ts";

/** Presets by method, each with what it is. */
function presetLines(): string[] {
  const wide = Math.max(...presetNames.map((name) => name.length)) + 1;
  return methodNames.flatMap((method) => [
    `  ${method}`,
    ...Object.entries(presets)
      .filter(([, { recipe }]) => recipe.method === method)
      .map(([name, { about }]) => `    ${name.padEnd(wide)} ${about}`),
  ]);
}

export const pretrainLine: CommandLine = {
  name: "pretrain",
  about: "Learns an encoder from images without labels, and says what it learned.",
  positionals: [],
  flags: {
    ...dataFlags,
    method: {
      hint: "NAME",
      about: `what to learn with: ${methodNames.join(", ")} (default: that of the preset, or scatsimclr)`,
    },
    preset: {
      hint: "NAME",
      about: "where to start from: auto (default: by machine and images), or one below",
    },
    ...recipeChanges,
    ...recipeChoices,
    name: { hint: "NAME", about: "of the run, which is a folder in --runs (default: the next number)" },
    runs: { hint: "FOLDER", about: "where runs are kept (default: runs)" },
    resume: { hint: "NAME", about: "go on with a run that was interrupted" },
    "checkpoint-every": {
      hint: "N",
      about: "steps between checkpoints (default: an epoch, or five minutes)",
    },
    "micro-batch": {
      hint: "N",
      about: "images that go through the model at once (default: the batch, or what fits)",
    },
    memory: { hint: "MIB", about: "device memory that steps may take (default: what there is)" },
    "measure-views": { hint: "", about: "measure by random views, too, where there are labels" },
    "no-report": { hint: "", about: "write no report.html" },
  },
  examples: [
    ["", "the bundled emoji: minutes without a GPU"],
    ["--data photos", "a folder of pictures; folders in it, if any, are classes to measure with"],
    ["--data photos --size 64 --epochs 50 --name first", "larger pictures, for longer, in runs/first"],
    ["--resume first", "goes on after Ctrl-C or a crash, with the same numbers as without it"],
    ["--preset cifar-nano --data cifar-10-batches-bin --seed 1", "a reference run"],
    ["--method dino --data photos --size 32", "a small vision transformer that teaches itself"],
    ["--preset selfpatch-nano --epochs 40 --name patches", "the same, and patch by patch"],
    ["--preset dino-vits16 --data photos --size 256 --batch 64", "as published, on a GPU"],
  ],
  notes: ["Presets:", ...presetLines()],
  renamed: {
    recipe: "give --preset, such as --preset emoji-nano",
    emoji: "give --limit, which counts drawings",
    probes: "what labels tell is measured always",
    save: "the encoder is in the run's folder; morlet export copies it",
    log: "what happens is in metrics.jsonl of the run's folder",
  },
};

export async function pretrainCommand(args: readonly string[], host: CommandHost): Promise<number> {
  const { flags, help } = readFlags(pretrainLine, args);
  const lines = new Lines(host.out);
  if (help) {
    lines.say(helpOf(pretrainLine));
    return 0;
  }
  const runs = flags.runs ?? "runs";
  const plan =
    flags.resume === undefined ? await newPlan(flags, runs) : await resumedPlan(flags, runs, flags.resume);
  const device = await getDevice();
  lines.say(`Morlet on ${device.name}`);
  const name = basename(plan.folder);
  let training = false;
  let unlock = plan.config ? await lockFolder(plan.folder) : null;
  const stop = interruptible(host, () =>
    training ? "stopping after this step, with a checkpoint" : "stopping",
  );
  try {
    const opened = await openData(plan.data, host, lines, stop.signal);
    const { preset, recipe: settled } = settle(plan, opened, flags, device.profile.kind === "gpu");
    const data = prepared(opened, settled);
    checkRecipe(settled, data.train.images);
    checkMicroBatch(plan.microBatch, settled);
    const recipe =
      plan.config || plan.memory === null
        ? settled
        : fittedToMemory(settled, data.train.images, plan.memory * 2 ** 20);
    for (const line of describeData(data)) lines.say(line);
    const { images } = data.train;
    const config: RunConfig = plan.config ?? {
      ...{ format: "morlet-run", version: 1, preset, data: plan.data, recipe },
      ...{ checkpointEvery: plan.checkpointEvery, microBatch: plan.microBatch, memory: plan.memory },
      encoder: descriptionOf(recipe, images, { preset, data: data.train.name, images: images.count, recipe }),
      started: new Date().toISOString(),
      device: device.name,
    };
    if (!plan.config) await startRunFolder(plan.folder, config);
    unlock ??= await lockFolder(plan.folder);
    training = true;
    return await train({
      host,
      lines,
      stop,
      folder: plan.folder,
      name,
      data,
      recipe,
      config,
      flags,
      runs,
    });
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
    lines.say("stopped; nothing was begun");
    return stop.code;
  } finally {
    await unlock?.();
    stop.end();
    lines.close();
  }
}

interface Plan {
  readonly folder: string;
  readonly data: DataChoice;
  readonly checkpointEvery: number | null;
  readonly microBatch: number | null;
  readonly memory: number | null;
  readonly preset: string;
  readonly method: MethodName;
  /** Of the run that goes on. */
  readonly config: RunConfig | null;
}

type FlagTexts = Readonly<Record<string, string | undefined>>;

async function newPlan(flags: FlagTexts, runs: string): Promise<Plan> {
  const preset = flags.preset ?? "auto";
  if (preset !== "auto" && !isPreset(preset)) {
    const near = nearestName(preset, presetNames);
    throw new UsageError(
      `there is no preset ${preset}${near ? `; did you mean ${near}?` : `, only auto, ${presetNames.join(", ")}`}`,
    );
  }
  const meant: Preset | null = preset === "auto" ? null : presets[preset];
  const method = methodGiven(flags, preset, meant?.recipe.method ?? null);
  if (meant?.data === "cifar" && flags.data === undefined) {
    throw new UsageError(`--preset ${preset} needs --data with the folder of CIFAR-10's binary files`);
  }
  const source = flags.data ?? meant?.data ?? "emoji";
  if (source === "") throw new UsageError("--data is empty; give a folder, a zip or the name of a data set");
  changedRecipe(meant?.recipe ?? smallest(method), flags); // wrong numbers are told before anything is loaded
  const whole = (name: string) => (flags[name] === undefined ? null : numberOf(name, flags[name], 1));
  const execution = {
    checkpointEvery: whole("checkpoint-every"),
    microBatch: whole("micro-batch"),
    memory: whole("memory"),
  };
  const data = readDataFlags(flags, source, 0);
  const base = (meant ? preset : basename(source.replace(/[/\\]+$/, "")) || "run").replace(
    /[^\p{L}\p{N}_.-]+/gu,
    "-",
  );
  const folder = await newRunFolder(runs, flags.name, base);
  return { folder, data, ...execution, preset, method, config: null };
}

/** @throws {UsageError} If there is no such method, or the preset is of another one. */
function methodGiven({ method }: FlagTexts, preset: string, meant: MethodName | null): MethodName {
  if (method === undefined) return meant ?? "scatsimclr";
  if (!isMethod(method)) {
    const near = nearestName(method, methodNames);
    throw new UsageError(
      `there is no method ${method}${near ? `; did you mean ${near}?` : `, only ${methodNames.join(", ")}`}`,
    );
  }
  if (meant !== null && meant !== method) {
    throw new UsageError(`--preset ${preset} is of the method ${meant}: leave --method out, or --preset`);
  }
  return method;
}

/** What runs without a GPU, whatever the images. */
const smallest = (method: MethodName): Recipe =>
  autoRecipe({ images: 100, side: 32, gpu: false, method }).recipe;

/** Flags that a run keeps from its start; those of the recipe are compared when it goes on. */
const settled = [...Object.keys(dataFlags), "preset", "method", "checkpoint-every", "micro-batch", "memory"];

async function resumedPlan(flags: FlagTexts, runs: string, name: string): Promise<Plan> {
  if (flags.name !== undefined) throw new UsageError("--resume names the run already: leave --name out");
  const folder = await knownRunFolder(runs, name);
  const config = await readConfig(folder);
  const wrong = settled.find((flag) => flags[flag] !== undefined);
  if (wrong) {
    throw new UsageError(`--${wrong} cannot change in a run that goes on: leave it out, or start a new run`);
  }
  const { data, checkpointEvery, microBatch, memory, preset } = config;
  const { method } = config.recipe;
  return { folder, data, checkpointEvery, microBatch, memory, preset, method, config };
}

/** The recipe, once it is known what there is to learn from. */
function settle(
  { preset, method, config, data }: Plan,
  { train }: OpenedImages,
  flags: FlagTexts,
  gpu: boolean,
): { preset: string; recipe: Recipe } {
  if (config) return { preset, recipe: changedRecipe(config.recipe, flags) };
  // A size that was asked for is kept.
  const keep = (recipe: Recipe): Recipe => (data.size === null ? recipe : { ...recipe, side: null });
  if (preset !== "auto" && isPreset(preset)) {
    return { preset, recipe: changedRecipe(keep(presets[preset].recipe), flags) };
  }
  const { count, height, width } = train.images;
  const chosen = autoRecipe({ images: count, side: Math.min(height, width), gpu, method });
  return {
    preset: chosen.preset,
    recipe: fittedBatchUnlessGiven(changedRecipe(keep(chosen.recipe), flags), count, flags),
  };
}

/** @throws {UsageError} If a batch does not fall into whole micro-batches, or may not be cut. */
function checkMicroBatch(microBatch: number | null, recipe: Recipe): void {
  if (microBatch === null) return;
  if ("recompute" in recipe) {
    throw new UsageError(
      `--micro-batch cuts no batch of ${recipe.method}: give a smaller --batch, or --memory, by which blocks are recomputed`,
    );
  }
  if (recipe.batch % microBatch === 0) return;
  throw new UsageError(`--micro-batch is ${microBatch}, which does not divide the batch of ${recipe.batch}`);
}

const fittedBatchUnlessGiven = (recipe: Recipe, images: number, flags: FlagTexts): Recipe =>
  flags.batch === undefined ? fittedBatch(recipe, images, flags.rate !== undefined) : recipe;

interface Training {
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

async function train(training: Training): Promise<number> {
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
  const files = [CONFIG, "metrics.jsonl", ENCODER, ...(flags["no-report"] === undefined ? [REPORT] : [])];
  lines.say(`in ${folder}: ${files.join(", ")}`);
  return 0;
}

const quoted = (text: string): string => (/[^\w./-]/.test(text) ? JSON.stringify(text) : text);
