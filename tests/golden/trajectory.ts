import { expect } from "vitest";
import { compile, concat, scalar, type Tensor, treeLeaves, treeMap } from "../../mod.ts";
import { loadWeights } from "../../models/mod.ts";
import type { RunLength, StepValues } from "../../training/method.ts";
import type {
  SelfDistillationMethod,
  SelfDistillationState,
} from "../../training/methods/self-distillation.ts";
import type { Schedule } from "../../training/schedule.ts";
import { expectClose, relativeDistance } from "./closeness.ts";
import type { Golden } from "./golden-file.ts";
import { configOf } from "./vit-config.ts";

export interface TrainConfig {
  readonly steps: number;
  readonly epochs: number;
  readonly per_epoch: number;
  readonly warm: number;
  readonly lr: number;
  readonly min_lr: number;
  readonly wd: number;
  readonly wd_end: number;
  readonly mom: number;
  readonly t0: number;
  readonly t1: number;
  readonly twarm: number;
  readonly clip: number;
  readonly freeze: number;
  readonly norm_last: boolean;
  readonly b: number;
}

/** The options of a method as the metadata of a trajectory give them. */
export function methodOptions(file: Golden) {
  const { train } = configOf<{ train: TrainConfig }>(file);
  return {
    statistics: { mean: [0, 0, 0], std: [1, 1, 1] },
    rate: (train.lr * 256) / train.b,
    finalRate: train.min_lr,
    warmupEpochs: train.warm,
    weightDecay: [train.wd, train.wd_end] as const,
    momentum: [train.mom, 1] as const,
    teacherTemperature: { from: train.t0, to: train.t1, epochs: train.twarm },
    clip: train.clip,
    freezeEpochs: train.freeze,
    unitPrototypes: train.norm_last,
  };
}

/** Suggested by dino.md, section 11: absolute. */
const LOSS = 1e-4;
const WEIGHTS = 3e-4;
/** Relative. */
const GRADIENT = 2e-4;
/** Gradients with no value above this part of the clipped length are compared with it: those of keys' biases are zero. */
const FAINT = 1e-2;

/**
 * Runs the five steps of a file and compares the loss and all else that the file has of each step, and student and
 * teacher at the end.
 *
 * @param named Which metric or centre stands under which name in the file.
 */
export async function followTrajectory<N extends { represent(images: Tensor): Tensor }>(
  file: Golden,
  method: SelfDistillationMethod<N>,
  start: SelfDistillationState<N>,
  named: { metrics: Readonly<Record<string, string>>; centers: readonly string[] },
): Promise<void> {
  const { train } = configOf<{ train: TrainConfig }>(file);
  const { steps, per_epoch: stepsPerEpoch, epochs, b: batch } = train;
  const run = { epochs, stepsPerEpoch, steps: epochs * stepsPerEpoch, batch };
  const schedules = method.schedules?.(run) ?? {};
  expectSchedules(file, schedules, run);
  const student = loadWeights(start.student, file.record("init.")).model;
  let state: SelfDistillationState<N> = { ...start, student, teacher: treeMap((x) => x, student) };
  const learn = compile(method.learn, { name: method.name });
  const count = configOf<{ sizes: number[] }>(file).sizes.length;
  for (let i = 0; i < steps; i++) {
    const crops = Array.from({ length: count }, (_, v) => file.tensor(`input.step${i}.crop${v}`));
    const values = Object.entries(schedules).map(([name, schedule]) => [name, scalar(schedule(i))]);
    const at = Object.fromEntries(values) as unknown as StepValues;
    const result = learn(state, bySize(crops), at, method.phase?.(i, run) ?? "");
    state = result.state;
    if (i === 0) await expectFirstGradient(file, state, train.clip);
    expect(Math.abs((await result.loss.item()) - file.values("out.loss")[i]!)).toBeLessThan(LOSS);
    for (const [metric, name] of Object.entries(named.metrics)) {
      const value = await result.metrics?.[metric]?.item();
      expect(Math.abs((value as number) - file.values(name)[i]!), metric).toBeLessThan(LOSS);
    }
    const norm = Math.hypot(...rowOf(file, "out.grad_norms", i, steps));
    expect((await result.metrics?.gradientNorm?.item()) as number).toBeCloseTo(norm, 3);
    for (const name of named.centers) {
      const center = await (state.centers[name] as Tensor).data();
      expect(relativeDistance(center, rowOf(file, `out.${name}`, i, steps)), name).toBeLessThan(2e-4);
    }
  }
  expect(learn.compilations).toBe(2); // with and without the last layer
  for (const who of ["student", "teacher"] as const) {
    const far: string[] = [];
    for (const { path, value } of treeLeaves(state[who])) {
      const want = file.values(`final.${who}.${path}`);
      const got = await value.data();
      const compared = (j: number) => !isKeyBias(path, j, want.length);
      let worst = 0;
      want.forEach((w, j) => {
        if (compared(j)) worst = Math.max(worst, Math.abs(w - (got[j] as number)));
      });
      if (!(worst <= WEIGHTS)) far.push(`${who}.${path}: ${worst}`);
    }
    expect(far).toEqual([]);
  }
}

/** What the schedules give for all steps of the run, not only for those that are taken here. */
function expectSchedules(
  file: Golden,
  schedules: Readonly<Record<string, Schedule>>,
  { steps, stepsPerEpoch }: RunLength,
): void {
  const named = { rate: "lr", weightDecay: "wd", momentum: "momentum" } as const;
  for (const [name, stored] of Object.entries(named)) {
    const got = Array.from({ length: steps }, (_, i) => schedules[name]?.(i) as number);
    expect(relativeDistance(got, file.values(`schedule.${stored}`)), name).toBeLessThan(1e-6);
  }
  const temperatures = file.values("schedule.teacher_temp");
  const got = Array.from(
    temperatures,
    (_, epoch) => schedules.temperature?.(epoch * stepsPerEpoch) as number,
  );
  expect(relativeDistance(got, temperatures), "temperature").toBeLessThan(1e-6);
}

/** The first moments of Adam after one step are a tenth of its gradient, each tensor clipped by itself. */
async function expectFirstGradient(
  file: Golden,
  { optimiser }: SelfDistillationState<unknown>,
  clip: number,
): Promise<void> {
  const clipped = (path: string) => {
    const gradient = file.values(`first_grad.${path}`);
    const factor = Math.min(1, clip / (Math.hypot(...gradient) + 1e-6));
    const resting = path.includes("last_layer"); // prototypes do not move in the first epoch
    return gradient.map((x) => (resting ? 0 : 0.1 * factor * x));
  };
  await expectClose(optimiser.slots.m, clipped, GRADIENT, 0.1 * clip * FAINT);
}

/** The true gradient of the biases of keys is zero, so that Adam moves them by rounding errors. */
function isKeyBias(path: string, at: number, size: number): boolean {
  if (path.endsWith("attn.k.bias")) return true;
  return path.endsWith("attn.qkv.bias") && at >= size / 3 && at < (2 * size) / 3;
}

const rowOf = (file: Golden, name: string, step: number, steps: number): Float64Array => {
  const values = file.values(name);
  const width = values.length / steps;
  return values.subarray(step * width, (step + 1) * width);
};

/** Neighbouring crops of one size as one batch. */
export function bySize(crops: readonly Tensor[]): Tensor[] {
  const groups: Tensor[][] = [];
  for (const crop of crops) {
    const last = groups.at(-1);
    if (last?.[0]?.shape[3] === crop.shape[3]) last?.push(crop);
    else groups.push([crop]);
  }
  return groups.map((group) => concat(group));
}
