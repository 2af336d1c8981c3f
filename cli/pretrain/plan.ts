import { basename } from "node:path";
import type { OpenedImages } from "../../data/collection.ts";
import type { Device } from "../../mod.ts";
import { autoRecipe, fittedBatch } from "../../training/job/auto.ts";
import { changedRecipe, numberOf } from "../../training/job/change-recipe.ts";
import { isMethod, methodNames } from "../../training/job/method-of.ts";
import type { Preset } from "../../training/job/presets/preset.ts";
import { isPreset, presetNames, presets } from "../../training/job/presets.ts";
import type { MethodName, Recipe } from "../../training/job/recipe.ts";
import { UsageError } from "../errors.ts";
import { nearestName } from "../flags.ts";
import { type DataChoice, dataFlags, readDataFlags } from "../open-data.ts";
import { knownRunFolder, newRunFolder, type RunConfig, readConfig } from "../run-folder.ts";

/** What a run is to be, as far as flags tell it. */
export interface Plan {
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

export type FlagTexts = Readonly<Record<string, string | undefined>>;

export async function newPlan(flags: FlagTexts, runs: string): Promise<Plan> {
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

/**
 * Flags that a run keeps from its start. Those of the recipe are compared when it goes on, and so are the images, which may
 * have moved.
 */
const settled = [
  ...Object.keys(dataFlags).filter((flag) => flag !== "data"),
  "preset",
  "method",
  "checkpoint-every",
  "micro-batch",
  "memory",
];

export async function resumedPlan(flags: FlagTexts, runs: string, name: string): Promise<Plan> {
  if (flags.name !== undefined) throw new UsageError("--resume names the run already: leave --name out");
  const folder = await knownRunFolder(runs, name);
  const config = await readConfig(folder);
  const wrong = settled.find((flag) => flags[flag] !== undefined);
  if (wrong) {
    throw new UsageError(`--${wrong} cannot change in a run that goes on: leave it out, or start a new run`);
  }
  const { checkpointEvery, microBatch, memory, preset } = config;
  const data = flags.data === undefined ? config.data : { ...config.data, source: flags.data };
  const { method } = config.recipe;
  return { folder, data, checkpointEvery, microBatch, memory, preset, method, config };
}

/** The recipe, once it is known what there is to learn from. */
export function settle(
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
export function checkMicroBatch(microBatch: number | null, recipe: Recipe): void {
  if (microBatch === null) return;
  if ("recompute" in recipe) {
    throw new UsageError(
      `--micro-batch cuts no batch of ${recipe.method}: give a smaller --batch, or --memory, by which blocks are recomputed`,
    );
  }
  if (recipe.batch % microBatch === 0) return;
  throw new UsageError(`--micro-batch is ${microBatch}, which does not divide the batch of ${recipe.batch}`);
}

/** @throws {UsageError} If values are to be kept in half precision, and the adapter has none. */
export function checkActivations(
  { activations }: Recipe,
  { name, profile }: Pick<Device, "name" | "profile">,
): void {
  if (activations !== "f16" || profile.f16) return;
  throw new UsageError(
    `--activations f16 needs half precision (shader-f16), which ${name} has not: leave it out, or use another adapter`,
  );
}

const fittedBatchUnlessGiven = (recipe: Recipe, images: number, flags: FlagTexts): Recipe =>
  flags.batch === undefined ? fittedBatch(recipe, images, flags.rate !== undefined) : recipe;
