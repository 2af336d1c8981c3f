import type { RunLength } from "../method.ts";
import { type CollapseWatch, freshWatch, watchCollapse } from "../monitors/collapse.ts";
import type { Monitors } from "../monitors/monitors.ts";
import type { EpochEvent, StepEvent } from "./events.ts";

/** What a checkpoint must know about the steps before it. */
export interface LedgerState {
  /** Of the epoch under way. */
  readonly lossSum: number;
  readonly losses: number;
  /** Of the steps since the last look at the representation. */
  readonly normSum: number;
  readonly norms: number;
  readonly collapse: CollapseWatch;
}

export const emptyLedger: LedgerState = { lossSum: 0, losses: 0, normSum: 0, norms: 0, collapse: freshWatch };

export interface Settled {
  readonly step: number;
  readonly loss: number;
  readonly values: Readonly<Record<string, number>> & { readonly rate: number };
  readonly metrics: Readonly<Record<string, number>>;
}

/** Steps over which the speed is averaged: a slow start, in which kernels are compiled, is soon forgotten. */
const STEPS_OF_SPEED = 10;

/** What is known about the steps that are done, and told. */
export class Ledger {
  /** Steps done. */
  settled: number;
  private readonly start = performance.now();
  private readonly length: RunLength;
  private readonly times: number[] = [];
  private sums: LedgerState;

  constructor(length: RunLength, settled: number, sums: LedgerState) {
    this.length = length;
    this.settled = settled;
    this.sums = sums;
  }

  get seconds(): number {
    return (performance.now() - this.start) / 1000;
  }

  get state(): LedgerState {
    return this.sums;
  }

  /** Mean over the steps since the last look; null if the method does not tell it. */
  get gradientNorm(): number | null {
    const { normSum, norms } = this.sums;
    return norms === 0 ? null : normSum / norms;
  }

  /** Enters a look, and gives its warning if there is one, with this advice. */
  enterLook(step: number, monitors: Monitors, advice?: string): string | null {
    const last = step === this.length.steps;
    const { watch, warning } = watchCollapse(this.sums.collapse, monitors, { step, last, advice });
    this.sums = { ...this.sums, normSum: 0, norms: 0, collapse: watch };
    return warning;
  }

  /** Epoch of a step, both from 1. */
  epochOf(step: number): number {
    return Math.ceil(step / this.length.stepsPerEpoch);
  }

  /** Enters the next step and gives its events. */
  enter({ step, loss, values, metrics }: Settled): (StepEvent | EpochEvent)[] {
    const { steps, stepsPerEpoch } = this.length;
    const epoch = this.epochOf(step);
    this.settled = step;
    const { gradientNorm } = metrics;
    const { lossSum, losses, normSum, norms } = this.sums;
    this.sums = {
      ...this.sums,
      lossSum: lossSum + loss,
      losses: losses + 1,
      normSum: normSum + (gradientNorm ?? 0),
      norms: norms + (gradientNorm === undefined ? 0 : 1),
    };
    const events: (StepEvent | EpochEvent)[] = [
      { type: "step", epoch, step, steps, loss, rate: values.rate, values, metrics, ...this.speed() },
    ];
    if (step % stepsPerEpoch === 0) {
      events.push({ type: "epoch", epoch, step, loss: this.sums.lossSum / this.sums.losses });
      this.sums = { ...this.sums, lossSum: 0, losses: 0 };
    }
    return events;
  }

  private speed(): { imagesPerSecond: number; secondsLeft: number } {
    const { times } = this;
    times.push(performance.now());
    if (times.length > STEPS_OF_SPEED + 1) times.shift();
    const [first = this.start] = times.length > 1 ? times : [];
    const perStep = ((times.at(-1) as number) - first) / 1000 / Math.max(1, times.length - 1);
    const { batch, steps } = this.length;
    return { imagesPerSecond: batch / perStep, secondsLeft: (steps - this.settled) * perStep };
  }
}
