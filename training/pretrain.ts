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
  const stepsPerEpoch = Math.floor(images.count / batch);
  const steps = epochs * stepsPerEpoch;
  checkSizes(images.count, epochs, batch);
  const schedule = options.schedule ?? cosine({ base: 1e-3, steps });
  const root = key(seed);

  const step = compile((state: S, input: Tensor, rate: Tensor) => method.step(state, input, rate), {
    name: method.name,
  });
  try {
    let state = method.start(foldIn(root, 0));
    yield { type: "start", images: images.count, epochs, stepsPerEpoch, steps, state };
    const clock = new Clock(batch, steps);
    let losses: number[] = [];
    let done = 0;
    /** The events of the step whose loss is awaited. */
    const settle = async (epoch: number, number: number, loss: Promise<number>) => {
      const value = await loss;
      if (!Number.isFinite(value)) {
        throw new DivergedError(`the loss of step ${number} is ${value}; try a smaller learning rate`);
      }
      losses.push(value);
      done = number;
      const rate = schedule(number - 1);
      const events: (StepEvent | EpochEvent)[] = [
        { type: "step", epoch, step: number, steps, loss: value, rate, ...clock.tick(number) },
      ];
      if (number % stepsPerEpoch === 0) {
        events.push({ type: "epoch", epoch, loss: losses.reduce((a, b) => a + b, 0) / losses.length });
        losses = [];
      }
      return events;
    };
    let pending: (() => ReturnType<typeof settle>) | null = null;
    for (let epoch = 1; epoch <= epochs && !signal?.aborted; epoch++) {
      const order = await permutation(foldIn(foldIn(root, 1), epoch), images.count).data();
      for (let i = 0; i < stepsPerEpoch && !signal?.aborted; i++) {
        const number = (epoch - 1) * stepsPerEpoch + i + 1;
        const input = batchOf(images, order.subarray(i * batch, (i + 1) * batch));
        const rate = scalar(schedule(number - 1));
        const result = step(state, input, rate);
        state = result.state;
        const loss = result.loss.item();
        loss.catch(() => undefined); // it is awaited a step later
        if (pending) yield* await pending();
        pending = () => {
          return settle(epoch, number, loss).finally(() => {
            for (const x of [input, rate, result.loss]) x.dispose();
          });
        };
      }
    }
    if (pending) yield* await pending();
    yield { type: "end", state, steps: done, seconds: clock.seconds, stopped: done < steps };
  } finally {
    step.dispose();
  }
}

function checkSizes(count: number, epochs: number, batch: number): void {
  const whole = (x: number) => Number.isInteger(x) && x >= 1;
  if (!whole(epochs)) throw new RangeError(`pretrain: ${epochs} epochs; need a whole number from 1 on`);
  if (!whole(batch)) throw new RangeError(`pretrain: batches of ${batch}; need a whole number from 1 on`);
  if (batch > count) throw new RangeError(`pretrain: ${count} images are no batch of ${batch}`);
}

/** Speed of late, so that a slow start (kernels are compiled in the first step) is soon forgotten. */
class Clock {
  private readonly start = performance.now();
  private readonly ticks: number[] = [];
  private readonly batch: number;
  private readonly steps: number;

  constructor(batch: number, steps: number) {
    this.batch = batch;
    this.steps = steps;
  }

  get seconds(): number {
    return (performance.now() - this.start) / 1000;
  }

  tick(step: number): { imagesPerSecond: number; secondsLeft: number } {
    this.ticks.push(performance.now());
    if (this.ticks.length > 11) this.ticks.shift();
    const [first = this.start] = this.ticks.length > 1 ? this.ticks : [];
    const counted = Math.max(1, this.ticks.length - 1);
    const perStep = ((this.ticks.at(-1) as number) - first) / 1000 / counted;
    return { imagesPerSecond: this.batch / perStep, secondsLeft: (this.steps - step) * perStep };
  }
}
