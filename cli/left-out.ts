import { rm } from "node:fs/promises";
import type { Damage, OpenedImages } from "../data/collection.ts";
import { replaceFile } from "../training/run/replace-file.ts";

/** The list's name in a run's folder; beside another file it stands behind that one's name. */
export const LEFT_OUT = "left-out.txt";

/** How many the terminal names before it only counts. */
const NAMED = 3;

/** What could not be used of both sides. */
export const leftOut = ({ train, test }: OpenedImages): readonly Damage[] => [
  ...train.skipped,
  ...(test?.skipped ?? []),
];

/**
 * A line that names the first ones, their number, and where all of them are; null where nothing was left out.
 *
 * @param where All of them are to be found, or how to get them, in some words.
 */
export function leftOutLine(damaged: readonly Damage[], where: string): string | null {
  if (damaged.length === 0) return null;
  const shown = damaged.slice(0, NAMED).map(({ file, problem }) => `${file} (${problem})`);
  const rest = damaged.length - shown.length;
  const more = rest > 0 ? `, and ${rest} more (${where})` : "";
  return `left out ${damaged.length === 1 ? "1 file" : `${damaged.length} files`}: ${shown.join(", ")}${more}`;
}

/** Keeps a list beside what a command writes, where there is something to list; else one of before is gone. */
export async function keepLeftOut(path: string, damaged: readonly Damage[]): Promise<void> {
  if (damaged.length === 0) await rm(path, { force: true });
  else await writeLeftOut(path, damaged);
}

/** Lists every file that could not be used, a line each with the reason. */
export async function writeLeftOut(path: string, damaged: readonly Damage[]): Promise<void> {
  const lines = damaged.map(({ file, problem }) => `${file}: ${problem}`.replace(/[\r\n]+/g, " "));
  await replaceFile(path, lines.map((line) => `${line}\n`).join(""));
}
