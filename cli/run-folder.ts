import { constants } from "node:fs";
import { access, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Device } from "../mod.ts";
import type { EncoderDescription } from "../training/encoder-file.ts";
import type { Recipe } from "../training/job/recipe.ts";
import { UsageError } from "./errors.ts";
import type { DataChoice } from "./open-data.ts";

/** What `config.json` of a run holds: enough to go on with it, and to know what it was. */
export interface RunConfig {
  readonly format: "morlet-run";
  readonly version: 1;
  readonly preset: string;
  readonly data: DataChoice;
  readonly recipe: Recipe;
  readonly checkpointEvery: number | null;
  readonly microBatch: number | null;
  /** Mebibytes. */
  readonly memory: number | null;
  /** Of the model that is trained. */
  readonly encoder: EncoderDescription;
  /** When and where it was started, for people. */
  readonly started: string;
  readonly device: string;
  /** The tiles that were measured on that device, if the run uses any: it goes on with the same. */
  readonly tuning?: Device["profile"]["tuning"] | null;
}

export const CONFIG = "config.json";
export const ENCODER = "encoder.safetensors";
export const REPORT = "report.html";

/**
 * The folder of a new run. With no name, `base` with the first free number.
 *
 * @throws {UsageError} If the name cannot be one, is in use, or the place may not be written to.
 */
export async function newRunFolder(runs: string, name: string | undefined, base: string): Promise<string> {
  if (name === undefined) {
    await checkWritable(runs);
    for (let number = 1; ; number++) {
      const folder = join(runs, `${base}-${number}`);
      if (!(await exists(folder))) return folder;
    }
  }
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_. -]*$/u.test(name)) {
    throw new UsageError(
      `--name is "${name}"; it takes letters, digits, "_", "-", "." and spaces, and is a folder in ${runs}`,
    );
  }
  const folder = join(runs, name);
  await checkWritable(runs);
  if ((await exists(folder)) && ((await isFile(folder)) || (await readdir(folder)).length > 0)) {
    throw new UsageError(
      `the run ${folder} is there already: go on with it by --resume ${name}, or give another --name`,
    );
  }
  return folder;
}

/** The folder of a run that is there: its path, or its name in `runs`. */
export async function knownRunFolder(runs: string, name: string): Promise<string> {
  for (const folder of [join(runs, name), name]) if (await exists(join(folder, CONFIG))) return folder;
  const known = (await exists(runs)) && !(await isFile(runs)) ? await readdir(runs) : [];
  const there = known.length > 0 ? `; in ${runs} there are ${known.slice(0, 8).join(", ")}` : "";
  throw new UsageError(`there is no run ${name}, neither in ${runs} nor as a path${there}`);
}

/**
 * Makes the folder and writes the configuration.
 *
 * @throws {UsageError} If another run has taken the folder since it was found to be free.
 */
export async function startRunFolder(folder: string, config: RunConfig): Promise<void> {
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`, { flag: "wx" });
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
    throw new UsageError(`another run has begun in ${folder} meanwhile: start again, or give another --name`);
  }
}

/** @throws {UsageError} If it is damaged. */
export async function readConfig(folder: string): Promise<RunConfig> {
  const path = join(folder, CONFIG);
  const wrong = (problem: string) => new UsageError(`${path} ${problem}; start a new run`);
  let config: RunConfig;
  try {
    config = JSON.parse(await readFile(path, "utf8")) as RunConfig;
  } catch {
    throw wrong("is damaged");
  }
  if (config.format !== "morlet-run") throw wrong("is no configuration of a run");
  if (config.version !== 1) throw wrong(`is of version ${config.version}, and this program reads 1`);
  // Runs that were begun when there was one method alone do not name it, nor a layout those of before it could be said.
  const { data, recipe }: { data: object; recipe: object } = config;
  return {
    ...config,
    data: { layout: null, ...data } as DataChoice,
    recipe: { method: "scatsimclr", ...recipe } as Recipe,
  };
}

/** @throws {UsageError} If a folder could not be made or written to. */
async function checkWritable(folder: string): Promise<void> {
  let place = resolve(folder);
  while (!(await exists(place))) place = dirname(place);
  if (await isFile(place)) {
    throw new UsageError(
      `${place} is a file, so runs cannot be kept in ${folder}: give another folder with --runs`,
    );
  }
  try {
    await access(place, constants.W_OK);
  } catch {
    throw new UsageError(`${place} may not be written to: give another folder with --runs`);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

const isFile = async (path: string): Promise<boolean> => !(await stat(path)).isDirectory();
