import type { Checkpoint } from "./checkpoint-file.ts";
import { allNumbers, type HostState, readState } from "./host-state.ts";

/** Copies of the state on the host. A new one takes the place of the old when it is whole and its step was good. */
export class Snapshots {
  /** What a lost device is replaced from; null for the beginning of the run. */
  latest: Checkpoint | null;

  constructor(latest: Checkpoint | null) {
    this.latest = latest;
  }

  /** Begins to read the state after a step, while the device goes on. */
  begin(state: unknown): Promise<HostState> {
    const reading = readState(state);
    reading.catch(() => undefined); // who waits for it is told
    return reading;
  }

  /** Whether it was taken: a state with numbers in it that are none is not. */
  offer(checkpoint: Checkpoint): boolean {
    if (checkpoint.step <= (this.latest?.step ?? 0) || !allNumbers(checkpoint.state)) return false;
    this.latest = checkpoint;
    return true;
  }
}
