import type { PretrainOptions } from "./options.ts";

/** What goes with a step. */
export interface Due {
  readonly look: boolean;
  readonly save: boolean;
  /** A copy of the state that nothing waits for. */
  readonly snapshot: boolean;
}

/** Work that is lost at most, unless the user says otherwise. */
const MILLISECONDS_BETWEEN_CHECKPOINTS = 5 * 60_000;
const STEPS_BETWEEN_SNAPSHOTS = 50;

/** When a run looks at its representation, saves a checkpoint, and copies its state. */
export class Rhythm {
  private readonly lookEvery: number;
  private readonly saveEvery: number;
  private readonly saveByTime: boolean;
  private readonly snapshotEvery: number;
  private saved = performance.now();

  constructor(stepsPerEpoch: number, options: PretrainOptions) {
    const { monitorEvery = stepsPerEpoch, checkpointEvery, snapshotEvery, store } = options;
    this.lookEvery = monitorEvery;
    this.saveEvery = store ? (checkpointEvery ?? stepsPerEpoch) : Number.POSITIVE_INFINITY;
    this.saveByTime = store !== undefined && checkpointEvery === undefined;
    this.snapshotEvery = snapshotEvery ?? STEPS_BETWEEN_SNAPSHOTS;
  }

  /** Whether there are looks at all. */
  get looks(): boolean {
    return this.lookEvery > 0;
  }

  at(step: number): Due {
    const now = performance.now();
    const late = this.saveByTime && now - this.saved >= MILLISECONDS_BETWEEN_CHECKPOINTS;
    const look = this.lookEvery > 0 && step % this.lookEvery === 0;
    const save = late || step % this.saveEvery === 0;
    if (save) this.saved = now;
    return { look, save, snapshot: !look && !save && step % this.snapshotEvery === 0 };
  }
}
