import type { Device } from "./device.ts";

/** A piece of work: what it must wait for, and what it then does at once. */
export interface Job {
  /** Null when it can run straight away. */
  readonly ready: Promise<unknown> | null;
  run(): void;
  fail(error: Error): void;
}

/**
 * Work in the order in which it was handed over. A job whose kernels are compiled runs at once when nothing is
 * waiting; otherwise it waits its turn, and the caller goes on.
 */
export class WorkQueue {
  private tail: Promise<void> = Promise.resolve();
  private waiting = 0;
  private readonly device: Device;

  constructor(device: Device) {
    this.device = device;
  }

  add(job: Job): void {
    if (this.waiting === 0 && job.ready === null) {
      this.perform(job);
      return;
    }
    this.waiting++;
    // A rejection is reported through `fail`, not lost.
    job.ready?.catch(() => undefined);
    this.tail = this.tail.then(async () => {
      try {
        await job.ready;
        this.perform(job);
      } catch (error) {
        job.fail(error as Error);
      } finally {
        this.waiting--;
      }
    });
  }

  /** Resolves when everything handed over so far has been submitted. */
  drained(): Promise<void> {
    return this.waiting === 0 ? Promise.resolve() : this.tail;
  }

  private perform(job: Job): void {
    try {
      if (this.device.isLost) this.device.check();
      job.run();
    } catch (error) {
      job.fail(error as Error);
    }
  }
}
