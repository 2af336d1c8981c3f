import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint-file.ts";
import type { RunRecord } from "./run-plan.ts";
import type { RunStore } from "./store.ts";

/** The checkpoints of a run cannot be used, or would be lost. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
}

export interface Found {
  readonly checkpoint: Checkpoint;
  readonly run: RunRecord;
  /** What was wrong with newer ones. */
  readonly problems: readonly string[];
}

const nameOf = (step: number): string => `checkpoint-${String(step).padStart(8, "0")}.safetensors`;
const stepOf = (name: string): number | null => {
  const [, digits] = /^checkpoint-(\d{8,})\.safetensors$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
};

/** The steps that a store has checkpoints of, the newest first. */
export async function checkpointSteps(store: RunStore): Promise<number[]> {
  const steps = (await store.list()).map(stepOf).filter((step) => step !== null);
  return steps.sort((a, b) => b - a);
}

/**
 * The newest checkpoint that is whole; null if there is none at all.
 *
 * @throws {CheckpointError} If there are some and none is whole.
 */
export async function newestCheckpoint(store: RunStore): Promise<Found | null> {
  const problems: string[] = [];
  for (const step of await checkpointSteps(store)) {
    const name = nameOf(step);
    try {
      const bytes = await store.read(name);
      if (bytes) return { ...(await readCheckpoint(bytes)), problems };
    } catch (error) {
      problems.push(`${name} cannot be used (${error instanceof Error ? error.message : error})`);
    }
  }
  if (problems.length === 0) return null;
  throw new CheckpointError(
    `no checkpoint of this run is whole: ${problems.join("; ")}; remove its files to start anew`,
  );
}

/**
 * Saves a checkpoint, and then removes older ones but for the `keep` newest; those of steps beyond it belong to a
 * course that the run has left.
 */
export async function saveCheckpoint(
  store: RunStore,
  checkpoint: Checkpoint,
  run: RunRecord,
  keep: number,
): Promise<{ name: string; bytes: number }> {
  const name = nameOf(checkpoint.step);
  const bytes = await writeCheckpoint(checkpoint, run);
  await store.write(name, bytes);
  const older = (await checkpointSteps(store)).filter((step) => step < checkpoint.step);
  const kept = new Set([checkpoint.step, ...older.slice(0, keep - 1)]);
  for (const step of await checkpointSteps(store)) if (!kept.has(step)) await store.remove(nameOf(step));
  return { name, bytes: bytes.length };
}
