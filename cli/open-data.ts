import { stat } from "node:fs/promises";
import type { OpenedImages } from "../data/collection.ts";
import { type OpenOptions, openImages } from "../data/open-images.ts";
import { numberOf } from "../training/job/change-recipe.ts";
import { grouped, sizeWords } from "../training/job/words.ts";
import { machineMemory } from "../training/run/memory-budget.ts";
import { UsageError } from "./errors.ts";
import type { Flags } from "./flags.ts";
import type { CommandHost } from "./host.ts";
import { leftOut, leftOutLine } from "./left-out.ts";
import type { Lines } from "./terminal.ts";

/** How images are opened, as plain data that a run's configuration keeps. */
export interface DataChoice {
  readonly source: string;
  readonly size: number | readonly [number, number] | null;
  readonly channels: number | null;
  readonly layout: "channels-first" | "channels-last" | null;
  readonly limit: number | null;
  /** Null: a tenth, where the source has no split of its own. */
  readonly holdOut: number | null;
  readonly fit: "cover" | "stretch" | null;
  readonly labels: "fine" | "coarse" | null;
  readonly seed: number;
}

export const dataFlags: Flags = {
  data: { hint: "SOURCE", about: "folder, zip or file of images, or emoji or fashion-mnist" },
  size: { hint: "N", about: "rows and columns that pictures are brought to (default: theirs, at most 96)" },
  channels: {
    hint: "N",
    about: "1 for grey, 3 for colours, or as many as arrays have (default: as the images are)",
  },
  layout: {
    hint: "KIND",
    about: "where arrays have their channels: channels-first or channels-last (default: by their sizes)",
  },
  fit: { hint: "HOW", about: "cover (the middle) or stretch, for pictures of another shape" },
  limit: { hint: "N", about: "use at most so many images, of each class alike" },
  "hold-out": {
    hint: "X",
    about: "share of the images to measure with (default 0.1, or the source's own split)",
  },
  labels: { hint: "KIND", about: "of CIFAR-100: fine (100 classes, default) or coarse (20)" },
};

const DEFAULT_HOLD_OUT = 0.1;

/** @throws {UsageError} If a flag has a value that it cannot have. */
export function readDataFlags(
  flags: Readonly<Record<string, string | undefined>>,
  source: string,
  seed: number,
): DataChoice {
  const oneOf = <T extends string>(name: string, choices: readonly T[]): T | null => {
    const text = flags[name];
    if (text === undefined) return null;
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new UsageError(`--${name} is "${text}"; it takes ${choices.join(" or ")}`);
    return found;
  };
  const whole = (name: string) => (flags[name] === undefined ? null : numberOf(name, flags[name], 1));
  return {
    source,
    size: whole("size"),
    channels: whole("channels"),
    layout: oneOf("layout", ["channels-first", "channels-last"]),
    limit: whole("limit"),
    holdOut: flags["hold-out"] === undefined ? null : shareOf("hold-out", flags["hold-out"]),
    fit: oneOf("fit", ["cover", "stretch"]),
    labels: oneOf("labels", ["fine", "coarse"]),
    seed,
  };
}

function shareOf(name: string, text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= 0 && value < 1) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a number from 0 to below 1, such as 0.1`);
}

/** Opens the images, with a line of progress while it takes. */
export async function openData(
  choice: DataChoice,
  host: CommandHost,
  lines: Lines,
  signal?: AbortSignal,
): Promise<OpenedImages> {
  const { source, size, channels, layout, limit, holdOut, fit, labels, seed } = choice;
  const options: OpenOptions = {
    size: size ?? undefined,
    channels: channels ?? "auto",
    layout: layout ?? undefined,
    limit: limit ?? undefined,
    holdOut: holdOut ?? DEFAULT_HOLD_OUT,
    fit: fit ?? undefined,
    labels: labels ?? undefined,
    seed,
    memory: await memoryOfImages(),
    emoji: host.emoji,
    signal,
    onProgress({ done, total }) {
      if (lines.isTTY && total > 0) lines.pass(`loading images: ${grouped(done)} of ${grouped(total)}`);
    },
  };
  await checkThere(source);
  return await openImages(source, options);
}

/** What one array can hold; STL-10 has 2.7 GiB. */
const LARGEST_ARRAY = 2 ** 32;

/** Bytes that images may take: half of the machine's memory, as far as they can be in one array. */
export async function memoryOfImages(): Promise<number> {
  return Math.min(LARGEST_ARRAY, ((await machineMemory()) ?? Number.POSITIVE_INFINITY) / 2);
}

/** @throws {UsageError} If a path leads nowhere. */
async function checkThere(source: string): Promise<void> {
  if (["emoji", "fashion-mnist"].includes(source)) return;
  const found = await stat(source).catch((error: { code?: string }) => error);
  if ("code" in found && (found.code === "ENOENT" || found.code === "ENOTDIR")) {
    throw new UsageError(
      `--data ${source}: there is no such file or folder; give a path, or one of emoji and fashion-mnist`,
    );
  }
}

/** What was opened and what for, in a line or two; `rest` says where those are that are left out and not named. */
export function describeData(
  { train, test }: OpenedImages,
  use: "learn from" | "compare with" | "embed",
  rest: string,
): string[] {
  const { images, classes } = train;
  const all = use === "embed"; // both sides alike
  const count = images.count + (all && test ? test.images.count : 0);
  const size = sizeWords(images);
  const held = test && !all ? `, ${grouped(test.images.count)} held out` : "";
  const labels = use === "learn from" ? ", whose labels are used to measure alone" : "";
  const kinds = classes ? `; ${classes.length} classes${labels}` : "; no labels";
  const damage = leftOutLine(leftOut({ train, test }), rest);
  const opened = `${train.name}: ${grouped(count)} images (${size}) to ${use}${held}${kinds}`;
  return damage === null ? [opened] : [opened, damage];
}
