import { getDevice } from "../../mod.ts";
import type { Checkpoint } from "./checkpoint-file.ts";
import { checkpointSteps, type Found, newestCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import type { CheckpointEvent, TrainingEvent } from "./events.ts";
import { MetricsFile } from "./metrics-file.ts";
import type { PretrainOptions } from "./options.ts";
import { type RunPlan, type RunRecord, tilesOf } from "./run-plan.ts";
import { checkSameRun, ResumeError } from "./same-run.ts";
import type { RunStore } from "./store.ts";

/** What a run leaves in its store, and finds there. */
export class Archive {
  /** Where the run goes on, if it is not new. */
  readonly found: Checkpoint | null;
  /** Its micro-batch. */
  readonly microBatch: number | null;
  /** What was wrong with what was found. */
  readonly problems: readonly string[];
  private readonly store: RunStore;
  private record: RunRecord;
  private readonly keep: number;
  private readonly metrics: MetricsFile;
  private saved: number;

  private constructor(store: RunStore, plan: RunPlan, keep: number, found: Found | null) {
    this.store = store;
    this.record = plan.record;
    this.keep = keep;
    this.found = found?.checkpoint ?? null;
    this.microBatch = found?.run.microBatch ?? null;
    this.problems = found?.problems ?? [];
    this.saved = this.found?.step ?? 0;
    this.metrics = new MetricsFile(store);
  }

  /**
   * @throws {ResumeError} If there is a run that may not or cannot go on.
   * @throws {CheckpointError} If all its checkpoints are damaged.
   */
  static async open(
    store: RunStore,
    planned: RunPlan,
    { resume = false, keep = 2 }: PretrainOptions,
  ): Promise<Archive> {
    if (!resume) {
      const [step] = await checkpointSteps(store);
      if (step !== undefined) {
        throw new ResumeError(`there is a run of ${step} steps already; resume it, or choose another place`);
      }
    }
    const plan = { ...planned, record: { ...planned.record, tiles: tilesOf(await getDevice()) } };
    const found = resume ? await newestCheckpoint(store) : null;
    if (found) checkSameRun(found.run, plan.record);
    const archive = new Archive(store, plan, keep, found);
    await archive.metrics.cutAfter(found?.checkpoint.step ?? -1);
    return archive;
  }

  /** Settles what was left open in the run's record. */
  settle(microBatch: number): void {
    this.record = { ...this.record, microBatch };
  }

  note<S>(event: TrainingEvent<S>): Promise<void> {
    // What was saved can be seen in the store; a line could not be written at the same moment.
    return event.type === "checkpoint" ? Promise.resolve() : this.metrics.add(event);
  }

  /** Whether a checkpoint of this step would be newer than the last. */
  isNew(step: number): boolean {
    return step > this.saved;
  }

  /**
   * Saves a checkpoint if it is newer than the last, or if the record has changed (`anew`); what was told before it is on
   * the disk then, too.
   */
  async save(checkpoint: Checkpoint, anew = false): Promise<Omit<CheckpointEvent, "epoch"> | null> {
    if (!anew && !this.isNew(checkpoint.step)) return null;
    await this.metrics.flush();
    const { name, bytes } = await saveCheckpoint(this.store, checkpoint, this.record, this.keep);
    this.saved = checkpoint.step;
    return { type: "checkpoint", step: checkpoint.step, name, bytes };
  }

  /** Notes why the run has failed. */
  fail(step: number, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    return this.metrics.add({ type: "failed", step, message });
  }

  /** Writes what is left. */
  close(): Promise<void> {
    return this.metrics.flush();
  }
}
