/** A piece of work: what it must wait for, and what it then does. */
export interface Job {
  /** Null when it can begin straight away. */
  readonly ready: Promise<unknown> | null;
  /** A step of a compiled function, of which only a few are given to the GPU ahead of time. */
  readonly step: boolean;
  /** Gives commands to the GPU; what it returns must resolve before the next job begins. */
  run(): Promise<unknown> | null;
  fail(error: Error): void;
}

/** What the work is done on. */
interface Worker {
  readonly queue: GPUQueue;
  readonly isLost: boolean;
  check(): void;
}

/**
 * Steps that the GPU may have before it: enough to keep it busy, few enough that a loop without reads does not pile up
 * memory and latency. Firefox tells only every 100 ms what is done.
 */
const STEPS_AHEAD = /firefox/i.test(globalThis.navigator?.userAgent ?? "") ? 8 : 3;

/**
 * Work in the order in which it was handed over. A job that has nothing to wait for runs at once when no other waits;
 * otherwise it waits its turn, and the caller goes on.
 */
export class WorkQueue {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #ahead = 0;
  #onRoom: (() => void) | null = null;
  readonly #device: Worker;

  constructor(device: Worker) {
    this.#device = device;
  }

  /** Steps that the GPU has not finished. */
  get stepsAhead(): number {
    return this.#ahead;
  }

  /** Jobs that have not begun. */
  get pending(): number {
    return this.#waiting;
  }

  add(job: Job): void {
    if (this.#waiting > 0 || job.ready !== null || this.#isFull(job)) {
      // If the job fails before its turn, that is told to `fail` when its turn comes.
      job.ready?.catch(() => undefined);
      this.#wait(job, async () => {
        await job.ready;
        while (this.#isFull(job)) {
          await new Promise<void>((resolve) => {
            this.#onRoom = resolve;
          });
        }
        await this.#start(job);
      });
      return;
    }
    let rest: Promise<unknown> | null;
    try {
      rest = this.#start(job);
    } catch (error) {
      job.fail(error as Error);
      return;
    }
    if (rest) this.#wait(job, () => rest as Promise<unknown>);
  }

  /** Resolves when everything handed over so far has been given to the GPU. */
  drained(): Promise<void> {
    return this.#waiting === 0 ? Promise.resolve() : this.#tail;
  }

  /** Lets nothing wait any longer for a GPU that is gone. */
  release(): void {
    this.#ahead = 0;
    this.#onRoom?.();
  }

  #isFull(job: Job): boolean {
    return job.step && this.#ahead >= STEPS_AHEAD && !this.#device.isLost;
  }

  #wait(job: Job, work: () => Promise<unknown>): void {
    this.#waiting++;
    this.#tail = this.#tail.then(async () => {
      try {
        await work();
      } catch (error) {
        job.fail(error as Error);
      } finally {
        this.#waiting--;
      }
    });
  }

  #start(job: Job): Promise<unknown> | null {
    if (this.#device.isLost) this.#device.check();
    const rest = job.run();
    if (!job.step) return rest;
    if (rest) return rest.then(() => this.#count());
    this.#count();
    return null;
  }

  /** Notes that a step has been given to the GPU, until it is done. */
  #count(): void {
    this.#ahead++;
    const done = () => {
      this.#ahead = Math.max(0, this.#ahead - 1);
      this.#onRoom?.();
    };
    this.#device.queue.onSubmittedWorkDone().then(done, done);
  }
}
