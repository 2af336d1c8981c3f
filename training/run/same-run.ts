import type { Json } from "./options.ts";
import type { RunRecord } from "./run-plan.ts";

/** A run that cannot be resumed as asked: something about it has changed. */
export class ResumeError extends Error {
  override readonly name = "ResumeError";
  /** What has changed, one phrase each. */
  readonly differences: readonly string[];
  /** The run that is there. Its `tiles.tuning` is for the option `tuning` of the device. */
  readonly recorded: RunRecord | null;

  constructor(message: string, differences: readonly string[] = [], recorded: RunRecord | null = null) {
    super(message);
    this.differences = differences;
    this.recorded = recorded;
  }
}

/**
 * @throws {ResumeError} If a run is not the one that was recorded; the message says in what.
 */
export function checkSameRun(recorded: RunRecord, now: RunRecord): void {
  const { tiles: before, ...was } = recorded;
  const { tiles: present, ...is } =
    now.microBatch === null ? { ...now, microBatch: recorded.microBatch } : now;
  const differences = differencesOf(was, is).map((each) => inWords(each.path, each.was, each.is));
  // Another adapter, or another version of this library, computes other last bits in any case.
  const comparable = before && before.adapter === present?.adapter && before.kernels === present.kernels;
  if (comparable && differencesOf(before.tuning, present.tuning).length > 0)
    differences.push(
      "products are computed in other tiles (open the device with this error's recorded.tiles.tuning as its option tuning)",
    );
  if (differences.length === 0) return;
  const shown = [...new Set(differences)].slice(0, 4);
  throw new ResumeError(
    `this run cannot go on as asked, since its losses would not be those of one run: ${shown.join("; ")}; use what it was started with, or start a new run elsewhere`,
    differences,
    recorded,
  );
}

interface Difference {
  readonly path: string;
  readonly was: Json | undefined;
  readonly is: Json | undefined;
}

function differencesOf(was: unknown, is: unknown, path = ""): Difference[] {
  if (isObject(was) && isObject(is)) {
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])];
    return keys.flatMap((key) => differencesOf(was[key], is[key], path === "" ? key : `${path}.${key}`));
  }
  // As JSON has it, in which what a checkpoint tells has been, and NaN is null.
  const text = (x: unknown) => JSON.stringify(x) ?? "null";
  return text(was) === text(is) ? [] : [{ path, was: was as Json, is: is as Json }];
}

const isObject = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" && x !== null && !Array.isArray(x);

function inWords(path: string, was: Json | undefined, is: Json | undefined): string {
  const [, schedule] = /^schedules\.(.+)$/.exec(path) ?? [];
  if (schedule) return `the schedule of "${schedule}" is another one`;
  if (path === "images.hash") return "the images are others than it was started with";
  const name = path.replace(/^configuration\.?/, "the configuration's ").trim();
  return `${name} was ${shown(was)} and is ${shown(is)}`;
}

const shown = (x: Json | undefined): string => {
  const text = x === undefined ? "absent" : JSON.stringify(x);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};
