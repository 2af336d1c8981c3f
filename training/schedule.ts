/** A value for each step (or epoch), counted from 0: a learning rate, a weight decay, a momentum. */
export type Schedule = (step: number) => number;

/** The same value at every step. */
export const constant =
  (value: number): Schedule =>
  () =>
    value;

/** From `from` at step 0 to `to` at step `steps`, and `to` from there on. */
export function linear(options: { from: number; to: number; steps: number }): Schedule {
  const { from, to } = options;
  const steps = atLeast("linear", "steps", options.steps, 0);
  return (step) => (step >= steps ? to : from + ((to - from) * step) / steps);
}

export interface CosineOptions {
  /** The value that the cosine starts from. */
  base: number;
  /** The value that it ends at. Default 0. */
  final?: number;
  /** Steps in all, the warm-up among them. */
  steps: number;
  /** Steps of the linear ramp up to `base`. Default 0. */
  warmup?: number;
  /** The value at step 0 if there is a warm-up. Default 0. */
  warmupFrom?: number;
}

/**
 * Half a cosine wave after a linear warm-up.
 *
 * `base` is reached at step `warmup` and `final` at step `steps`, so that the last of `steps` steps still has a little
 * more; afterwards it stays `final`.
 *
 * @throws {RangeError} If the warm-up is longer than the whole.
 *
 * Source: training/schedule.ts. Paper: Loshchilov and Hutter 2017 (without restarts).
 */
export function cosine(options: CosineOptions): Schedule {
  const { base, final = 0, steps, warmup = 0, warmupFrom = 0 } = options;
  checkWarmup("cosine", warmup, steps);
  return (step) => {
    if (step < warmup) return warmupFrom + ((base - warmupFrom) * step) / warmup;
    return step >= steps ? final : halfWave(base, final, (step - warmup) / (steps - warmup));
  };
}

/**
 * The cosine of the DINO code, which EsViT and SelfPatch share: as `cosine`, but the ramp holds both its ends, so that
 * steps `warmup - 1` and `warmup` both have `base`.
 *
 * Source: training/schedule.ts. Code: facebookresearch/dino, utils.cosine_scheduler.
 */
export function dinoCosine(options: CosineOptions): Schedule {
  const { base, final = 0, steps, warmup = 0, warmupFrom = 0 } = options;
  checkWarmup("dinoCosine", warmup, steps);
  const ramp = inclusiveRamp({ from: warmupFrom, to: base, steps: warmup });
  return (step) => {
    if (step < warmup) return ramp(step);
    return step >= steps ? final : halfWave(base, final, (step - warmup) / (steps - warmup));
  };
}

/**
 * From `from` at step 0 to `to` at step `steps - 1`, and `to` from there on. DINO's teacher temperature, by epoch.
 */
export function inclusiveRamp(options: { from: number; to: number; steps: number }): Schedule {
  const { from, to } = options;
  const steps = atLeast("inclusiveRamp", "steps", options.steps, 0);
  return (step) => {
    if (step >= steps - 1) return steps === 1 && step === 0 ? from : to;
    return from + ((to - from) * step) / (steps - 1);
  };
}

export interface StepDecayOptions {
  base: number;
  /** What the value is multiplied by at each of the steps `at`. */
  factor: number;
  at: readonly number[];
  /** Steps of the linear ramp from 0 up to `base`. Default 0. */
  warmup?: number;
}

/** `base`, multiplied by `factor` from each of the steps `at` on. */
export function stepDecay(options: StepDecayOptions): Schedule {
  const { base, factor, at, warmup = 0 } = options;
  atLeast("stepDecay", "warmup", warmup, 0);
  return (step) => {
    const decays = at.filter((boundary) => step >= boundary).length;
    return base * factor ** decays * (step < warmup ? step / warmup : 1);
  };
}

/**
 * The learning rate of the published ScatSimCLR code in epoch `epoch`, counted from 0.
 *
 * Constant for ten epochs, then a cosine that is stepped once an epoch but has the number of steps per epoch as its
 * period: long runs see it rise again. New work wants `cosine`.
 *
 * @param options.base Rate of the first epochs. Default 3e-4.
 * @param options.stepsPerEpoch Batches of an epoch.
 * @param options.constantEpochs Epochs before the cosine starts. Default 10.
 *
 * Source: training/schedule.ts. Code: vkinakh/scatsimclr, trainer (CosineAnnealingLR).
 */
export function scatSimClrPublished(options: {
  base?: number;
  stepsPerEpoch: number;
  constantEpochs?: number;
}): Schedule {
  const { base = 3e-4, constantEpochs = 10 } = options;
  const period = atLeast("scatSimClrPublished", "stepsPerEpoch", options.stepsPerEpoch, 1);
  // The trainer counts epochs from 1 and steps the cosine at the end of each from the tenth on.
  return (epoch) => halfWave(base, 0, Math.max(0, epoch + 1 - constantEpochs) / period);
}

const halfWave = (from: number, to: number, part: number): number =>
  to + 0.5 * (from - to) * (1 + Math.cos(Math.PI * part));

function checkWarmup(name: string, warmup: number, steps: number): void {
  atLeast(name, "warmup", warmup, 0);
  if (warmup > steps) {
    throw new RangeError(
      `${name}: a warm-up of ${warmup} steps does not fit into ${steps}; try a shorter one`,
    );
  }
}

function atLeast(name: string, what: string, value: number, least: number): number {
  if (!(value >= least)) throw new RangeError(`${name}: ${what} is ${value}; need at least ${least}`);
  return value;
}
