import { batchOf, type ImageSet } from "../data/images.ts";
import { compile, foldIn, key, permutation, scalar, type Tensor } from "../mod.ts";
import type { Method } from "./method.ts";
import { cosine, type Schedule } from "./schedule.ts";

export interface PretrainOptions {
  readonly epochs: number;
  /** Images of a step; what is left over of an epoch is not used in it. */
  readonly batch: number;
  /** All randomness follows from it. Default 0. */
  readonly seed?: number;
  /** Learning rate by step, counted from 0. Default: a cosine from 1e-3 to 0 over all steps. */
  readonly schedule?: Schedule;
  /** Ends the run early, after the step under way. */
  readonly signal?: AbortSignal;
}

export interface StartEvent<S> {
  readonly type: "start";
  readonly images: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  /** Before the first step. */
  readonly state: S;
}

export interface StepEvent {
  readonly type: "step";
  /** From 1. */
  readonly epoch: number;
  /** In the whole run, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly rate: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

export interface EpochEvent {
  readonly type: "epoch";
  readonly epoch: number;
  /** Mean over its steps. */
  readonly loss: number;
}

export interface EndEvent<S> {
  readonly type: "end";
  readonly state: S;
  readonly steps: number;
  readonly seconds: number;
  /** Whether the signal ended the run before its time. */
  readonly stopped: boolean;
}

export type TrainingEvent<S> = StartEvent<S> | StepEvent | EpochEvent | EndEvent<S>;

/** A loss that is not a number any more. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/**
 * A training run, as what happens in it, one event after the other.
 *
 * The step is compiled once. The device is kept busy: the loss of a step is read while the next one runs, so events are
 * one step behind. `state` of "start" is a copy that stays; that of "end" is the result.
 *
 * @throws {RangeError} If there is not one whole batch, or nothing to do.
 * @throws {DivergedError} If the loss is no finite number.
 *
 * @example
 *   for await (const event of pretrain(method, images, { epochs: 10, batch: 100 })) {
 *     if (event.type === "step") console.log(event.step, event.loss);
 *   }
 *
 * Source: training/pretrain.ts.
 */
export async function* pretrain<S>(
  method: Method<S>,
  images: ImageSet,
  options: PretrainOptions,
): AsyncGenerator<TrainingEvent<S>> {
  const { epochs, batch, seed = 0, signal } = options;
  checkSizes(images.count, epochs, batch);
  const stepsPerEpoch = Math.floor(images.count / batch);
  const steps = epochs * stepsPerEpoch;
  const schedule = options.schedule ?? cosine({ base: 1e-3, steps });
  const root = key(seed);
  const compiled = compile((state: S, input: Tensor, rate: Tensor) => method.step(state, input, rate), {
    name: method.name,
  });
  try {
    let state = method.start(foldIn(root, 0));
    yield { type: "start", images: images.count, epochs, stepsPerEpoch, steps, state };
    const ledger = new Ledger(batch, stepsPerEpoch, steps);
    let running: Running | null = null;
    for (let epoch = 1; epoch <= epochs && !signal?.aborted; epoch++) {
      const order = await permutation(foldIn(foldIn(root, 1), epoch), images.count).data();
      for (let i = 0; i < stepsPerEpoch && !signal?.aborted; i++) {
        const step = (epoch - 1) * stepsPerEpoch + i + 1;
        const rate = schedule(step - 1);
        const inputs = [batchOf(images, order.subarray(i * batch, (i + 1) * batch)), scalar(rate)] as const;
        const result = compiled(state, ...inputs);
        state = result.state;
        const launched = { epoch, step, rate, loss: result.loss.item(), used: [...inputs, result.loss] };
        launched.loss.catch(() => undefined); // it is awaited a step later
        if (running) yield* await ledger.settle(running);
        running = launched;
      }
    }
    if (running) yield* await ledger.settle(running);
    yield {
      type: "end",
      state,
      steps: ledger.settled,
      seconds: ledger.seconds,
      stopped: ledger.settled < steps,
    };
  } finally {
    compiled.dispose();
  }
}

/** A step that the device has been given. */
interface Running {
  readonly epoch: number;
  readonly step: number;
  readonly rate: number;
  readonly loss: Promise<number>;
  /** Tensors that nobody needs once the loss is known. */
  readonly used: readonly Tensor[];
}

function checkSizes(count: number, epochs: number, batch: number): void {
  const whole = (x: number) => Number.isInteger(x) && x >= 1;
  if (!whole(epochs)) throw new RangeError(`pretrain: ${epochs} epochs; need a whole number from 1 on`);
  if (!whole(batch)) throw new RangeError(`pretrain: batches of ${batch}; need a whole number from 1 on`);
  if (batch > count) throw new RangeError(`pretrain: ${count} images are no batch of ${batch}`);
}

/** Steps over which the speed is averaged: a slow start, in which kernels are compiled, is soon forgotten. */
const STEPS_OF_SPEED = 10;

/** What is known about the steps that are done. */
class Ledger {
  settled = 0;
  private readonly start = performance.now();
  private readonly batch: number;
  private readonly stepsPerEpoch: number;
  private readonly steps: number;
  private readonly times: number[] = [];
  private losses: number[] = [];

  constructor(batch: number, stepsPerEpoch: number, steps: number) {
    this.batch = batch;
    this.stepsPerEpoch = stepsPerEpoch;
    this.steps = steps;
  }

  get seconds(): number {
    return (performance.now() - this.start) / 1000;
  }

  /** Waits for a step and gives its events. */
  async settle({ epoch, step, rate, loss, used }: Running): Promise<(StepEvent | EpochEvent)[]> {
    const value = await loss;
    for (const x of used) x.dispose();
    if (!Number.isFinite(value)) {
      throw new DivergedError(`the loss of step ${step} is ${value}; try a smaller learning rate`);
    }
    this.settled = step;
    this.losses.push(value);
    const events: (StepEvent | EpochEvent)[] = [
      { type: "step", epoch, step, steps: this.steps, loss: value, rate, ...this.speed() },
    ];
    if (step % this.stepsPerEpoch === 0) {
      const mean = this.losses.reduce((a, b) => a + b, 0) / this.losses.length;
      events.push({ type: "epoch", epoch, loss: mean });
      this.losses = [];
    }
    return events;
  }

  private speed(): { imagesPerSecond: number; secondsLeft: number } {
    const { times } = this;
    times.push(performance.now());
    if (times.length > STEPS_OF_SPEED + 1) times.shift();
    const [first = this.start] = times.length > 1 ? times : [];
    const perStep = ((times.at(-1) as number) - first) / 1000 / Math.max(1, times.length - 1);
    return { imagesPerSecond: this.batch / perStep, secondsLeft: (this.steps - this.settled) * perStep };
  }
}
