import type { ImageSet } from "../../data/images.ts";
import { DeviceLimitError, DeviceLostError, OutOfMemoryError, type Tensor } from "../../mod.ts";
import type { Method } from "../method.ts";
import type { Archive } from "./archive.ts";
import { batchesAfter } from "./batches-after.ts";
import { cachedStepper } from "./cached-stepper.ts";
import { type Course, DivergedError, findCulprit } from "./diverged.ts";
import type { TrainingEvent, WarningEvent } from "./events.ts";
import { allNumbers, type HostState, readState, restoreState } from "./host-state.ts";
import { emptyLedger, Ledger } from "./ledger.ts";
import { type MicroBatch, shrunk, smallerSize } from "./micro-batch.ts";
import type { PretrainOptions } from "./options.ts";
import { reopenDevice } from "./reopen-device.ts";
import { type Due, Rhythm } from "./rhythm.ts";
import type { RunPlan } from "./run-plan.ts";
import { Snapshots } from "./snapshots.ts";
import { type Launched, type Stepper, wholeStepper } from "./stepper.ts";
import { someOf, Watch } from "./watch.ts";

export interface RunParts<S> {
  readonly method: Method<S>;
  readonly images: ImageSet;
  readonly plan: RunPlan;
  readonly options: PretrainOptions;
  readonly archive: Archive | null;
  readonly microBatch: MicroBatch;
}

/** A step that the device has been given, and what is read of the state after it. */
interface Running<S> extends Launched<S> {
  readonly step: number;
  readonly images: Tensor;
  readonly snapshot: Promise<HostState> | null;
}

type Events<S, R = void> = AsyncGenerator<TrainingEvent<S>, R>;

/** Losses of the device in a row, without a new step in between, after which the run gives up. */
const MOST_LOSSES = 3;

/** A run as it goes: steps, looks and checkpoints in their order, over as many devices as it takes. */
export class Run<S> {
  private readonly parts: RunParts<S>;
  private readonly ledger: Ledger;
  private readonly snapshots: Snapshots;
  private readonly rhythm: Rhythm;
  /** What is compiled; made anew for a new device. */
  private stepper: Stepper<S>;
  private watch: Watch<S>;
  /** The last step after which the representation was looked at. */
  private looked: number;
  private lossesInARow = 0;
  /** Images that go through the model at once. */
  private atOnce: number;

  constructor(parts: RunParts<S>) {
    const { plan, options, archive } = parts;
    this.parts = parts;
    const from = archive?.found ?? null;
    this.ledger = new Ledger(plan.length, from?.step ?? 0, from?.ledger ?? emptyLedger);
    this.snapshots = new Snapshots(from);
    this.rhythm = new Rhythm(plan.length.stepsPerEpoch, options);
    this.looked = from?.step ?? -1;
    this.atOnce = parts.microBatch.size;
    this.stepper = this.newStepper();
    this.watch = this.newWatch();
  }

  /** Steps done. */
  get step(): number {
    return this.ledger.settled;
  }

  async *events(): Events<S> {
    const { method, images, plan, archive, microBatch } = this.parts;
    const { epochs, stepsPerEpoch, steps } = plan.length;
    let state = this.latestState();
    yield {
      type: "start",
      method: method.name,
      images: images.count,
      ...{ epochs, stepsPerEpoch, steps },
      microBatch: microBatch.size,
      done: this.step,
      state,
    };
    for (const message of archive?.problems ?? []) {
      yield { type: "warning", step: this.step, topic: "checkpoint", message };
    }
    if (microBatch.warning) {
      yield { type: "warning", step: this.step, topic: "memory", message: microBatch.warning };
    }
    for (;;) {
      try {
        state = yield* this.go(state);
        break;
      } catch (error) {
        if (!(error instanceof DeviceLostError)) {
          const warning = await this.inSmallerPieces(error);
          if (!warning) throw error;
          yield warning;
          state = this.latestState();
          continue;
        }
        await this.replaceDevice(error);
        state = this.latestState();
        const from = this.snapshots.latest?.step ?? 0;
        yield { type: "recovered", step: this.step, from, reason: error.reason };
      }
    }
    const { settled, seconds } = this.ledger;
    yield { type: "end", state, steps: settled, seconds, stopped: settled < steps };
  }

  /** Saves what there is when a run fails. */
  async rescue(error: unknown): Promise<void> {
    const { latest } = this.snapshots;
    // From the state before a divergence, it would diverge again.
    if (latest && !(error instanceof DivergedError)) await this.parts.archive?.save(latest);
  }

  dispose(): void {
    this.stepper.dispose();
    this.watch.dispose();
  }

  /** From the latest snapshot to the end; gives the last state. */
  private async *go(start: S): Events<S, S> {
    const { images, plan, options } = this.parts;
    let state = start;
    let step = this.snapshots.latest?.step ?? 0;
    let running: Running<S> | null = null;
    if (options.signal?.aborted) return state;
    if (step === 0 && this.rhythm.looks) yield* this.look(state, 0);
    for await (const batch of batchesAfter(step, images, plan)) {
      step++;
      const due = this.rhythm.at(step);
      const launched: Running<S> = this.launch(state, batch, step, due);
      state = launched.state;
      if (running) yield* this.settle(running);
      running = launched;
      if (due.look || due.save) {
        yield* this.settle(running);
        running = null;
        if (due.look) yield* this.look(state, step);
        if (due.save) yield* this.save(state, step);
      }
      if (options.signal?.aborted) break;
    }
    if (running) yield* this.settle(running);
    yield* this.save(state, step);
    return state;
  }

  private launch(state: S, batch: Tensor, step: number, due: Due): Running<S> {
    const { plan } = this.parts;
    const launched = this.stepper.launch(state, batch, plan.valuesAt(step), plan.phaseAt(step));
    const wanted = due.snapshot && step > this.step;
    return {
      ...launched,
      step,
      images: batch,
      snapshot: wanted ? this.snapshots.begin(launched.state) : null,
    };
  }

  /** Waits for a step and tells it, unless it was told before the device was lost. */
  private async *settle({ step, told, images, snapshot, dispose }: Running<S>): Events<S> {
    const { loss, metrics } = await told;
    dispose();
    images.dispose();
    const { gradientNorm = 0 } = metrics;
    if (!Number.isFinite(loss)) throw await this.diverged(step, `the loss is ${loss}`);
    if (!Number.isFinite(gradientNorm)) {
      throw await this.diverged(step, `the length of the gradient is ${gradientNorm}`);
    }
    if (step <= this.step) return;
    const values = this.parts.plan.valuesAt(step);
    const events = this.ledger.enter({ step, loss, metrics, values });
    const { state: ledger } = this.ledger;
    this.lossesInARow = 0;
    snapshot?.then(
      (state) => this.snapshots.offer({ step, state, ledger }),
      () => undefined,
    );
    yield* events;
  }

  private async *look(state: S, step: number): Events<S> {
    if (step <= this.looked) return;
    const monitors = await this.watch.look(state, step, this.ledger.gradientNorm);
    const warning = this.ledger.enterLook(step, monitors, this.parts.method.advice);
    this.looked = step;
    yield { type: "monitors", epoch: this.ledger.epochOf(step), step, monitors };
    if (warning) yield { type: "warning", step, topic: "collapse", message: warning };
  }

  private async *save(state: S, step: number): Events<S> {
    const { archive } = this.parts;
    if (!archive?.isNew(step)) return;
    const checkpoint = { step, state: await readState(state), ledger: this.ledger.state };
    if (!allNumbers(checkpoint.state)) {
      // The next step will tell that it has diverged, if there is one.
      if (step < this.parts.plan.length.steps) return;
      throw await this.diverged(step, "the state holds what is no finite number");
    }
    this.snapshots.offer(checkpoint);
    const saved = await archive.save(checkpoint);
    if (saved) yield { ...saved, epoch: this.ledger.epochOf(step) };
  }

  /** What is wrong at a step, with the op that is to blame. */
  private async diverged(step: number, what: string): Promise<DivergedError> {
    const { images, plan } = this.parts;
    const done = this.snapshots.latest?.step ?? 0;
    const course: Course<S> = {
      done,
      state: this.latestState(),
      batches: batchesAfter(done, images, plan),
      restore: (values) => restoreState(this.freshState(), values),
      run: async (state, batch, at) => {
        const launched = this.stepper.launch(state, batch, plan.valuesAt(at), plan.phaseAt(at));
        await launched.told;
        launched.dispose();
        return launched.state;
      },
    };
    return new DivergedError(step, what, await findCulprit(course, step));
  }

  /** The state that the run goes on from. */
  private latestState(): S {
    const { latest } = this.snapshots;
    return latest ? restoreState(this.freshState(), latest.state) : this.freshState();
  }

  private freshState(): S {
    const { method, plan } = this.parts;
    return method.start(plan.key("state"));
  }

  private async replaceDevice(error: DeviceLostError): Promise<void> {
    if (++this.lossesInARow >= MOST_LOSSES) {
      throw new DeviceLostError(
        error.reason,
        `${MOST_LOSSES} times in a row at step ${this.step + 1}; the work may be too much for it: try a smaller batch`,
      );
    }
    this.dispose();
    await reopenDevice();
    this.stepper = this.newStepper();
    this.watch = this.newWatch();
  }

  /** Makes the micro-batch smaller if that may help against an error; the warning that tells so, or null. */
  private async inSmallerPieces(error: unknown): Promise<WarningEvent | null> {
    const { plan, microBatch, archive } = this.parts;
    if (!(error instanceof OutOfMemoryError || error instanceof DeviceLimitError)) return null;
    const before = this.atOnce;
    const size = microBatch.yields ? smallerSize(plan.length.batch, before) : null;
    if (size === null) return null;
    this.atOnce = size;
    archive?.settle(size);
    // Resumed before the next checkpoint, the run takes the same course.
    if (this.snapshots.latest) await archive?.save(this.snapshots.latest, true);
    this.dispose();
    this.stepper = this.newStepper();
    this.watch = this.newWatch();
    return {
      type: "warning",
      step: this.step,
      topic: "memory",
      message: shrunk(before, size, error.message),
    };
  }

  private newStepper(): Stepper<S> {
    const { method, plan } = this.parts;
    const { batch } = plan.length;
    const activations = plan.record.activations ?? "f32";
    if (!method.parts || this.atOnce === batch) return wholeStepper(method, activations);
    return cachedStepper(method.name, method.parts, batch, this.atOnce, activations);
  }

  private newWatch(): Watch<S> {
    const { method, images, plan, options } = this.parts;
    return new Watch(method, plan, options.monitorImages ?? someOf(images));
  }
}
