import { recipeChanges, recipeChoices } from "../../training/job/change-recipe.ts";
import { methodNames } from "../../training/job/method-of.ts";
import { presetNames, presets } from "../../training/job/presets.ts";
import type { CommandLine } from "../flags.ts";
import { dataFlags } from "../open-data.ts";

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
    ["--resume first --data disk/photos", "the same, after the images have moved"],
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
    save: "the encoder is in the run's folder, and export copies it",
    log: "what happens is in metrics.jsonl of the run's folder",
  },
};
