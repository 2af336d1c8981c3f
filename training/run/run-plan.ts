import type { ImageSet } from "../../data/images.ts";
import { type Device, foldIn, key, type Tensor } from "../../mod.ts";
import type { Method, RunLength } from "../method.ts";
import { cosine, type Schedule } from "../schedule.ts";
import type { Json, PretrainOptions } from "./options.ts";

/** What a run is, as plain data: two runs with equal records have equal losses. */
export interface RunRecord {
  readonly method: string;
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Null as long as it is to be chosen. */
  readonly microBatch: number | null;
  /** Null for "f32", which runs of old do not name. */
  readonly activations: "f16" | null;
  readonly images: { readonly [key: string]: Json };
  /** Some values of each schedule. */
  readonly schedules: { readonly [name: string]: Json };
  readonly configuration: Json;
  /** Of the device that it was started on. */
  readonly tiles?: Tiles;
}

/** What decides about the last bits of products on an adapter: the table that was measured on it, if one is used. */
export interface Tiles {
  readonly adapter: string;
  readonly kernels: number;
  readonly tuning: Device["profile"]["tuning"] | null;
}

export const tilesOf = ({ profile: { adapter, kernels, tuning } }: Device): Tiles => ({
  adapter,
  kernels,
  tuning: tuning ?? null,
});

/** Everything about a run that is settled before it begins. */
export interface RunPlan {
  readonly length: RunLength;
  readonly record: RunRecord;
  /** What the schedules give for a step, counted from 1. */
  valuesAt(step: number): Readonly<Record<string, number>> & { readonly rate: number };
  phaseAt(step: number): string;
  /** Keys apart from each other: of the state, and of what monitors draw. */
  key(use: "state" | "monitors"): Tensor;
}

const KEYS = { state: 0, monitors: 2 } as const;

/** What `Method.start` is given in runs with this seed. */
export const startingKey = (seed: number): Tensor => foldIn(key(seed), KEYS.state);

/** @throws {RangeError} If there is not one whole batch, nothing to do, or a schedule gives no number. */
export function planRun<S>(method: Method<S>, images: ImageSet, options: PretrainOptions): RunPlan {
  const { epochs, batch, seed = 0 } = options;
  checkSizes(images.count, options);
  const stepsPerEpoch = Math.floor(images.count / batch);
  const length: RunLength = { epochs, batch, stepsPerEpoch, steps: epochs * stepsPerEpoch };
  const schedules = schedulesOf(method, length, options);
  for (const [name, schedule] of Object.entries(schedules)) checkNumbers(name, schedule, length.steps);
  return {
    length,
    record: {
      method: method.name,
      ...{ epochs, batch, seed },
      microBatch: options.microBatch ?? null,
      activations: options.activations === "f16" ? "f16" : null,
      images: fingerprint(images),
      schedules: Object.fromEntries(
        Object.entries(schedules).map(([name, schedule]) => [name, samples(schedule, length.steps)]),
      ),
      configuration: options.configuration ?? null,
    },
    valuesAt(step) {
      const values = Object.entries(schedules).map(([name, schedule]) => [name, schedule(step - 1)]);
      return Object.fromEntries(values) as ReturnType<RunPlan["valuesAt"]>;
    },
    phaseAt: (step) => method.phase?.(step - 1, length) ?? "",
    key: (use) => (use === "state" ? startingKey(seed) : foldIn(key(seed), KEYS[use])),
  };
}

function schedulesOf<S>(
  method: Method<S>,
  length: RunLength,
  { schedule, schedules }: PretrainOptions,
): Record<string, Schedule> {
  const rate = cosine({ base: 1e-3, steps: length.steps });
  return { rate, ...method.schedules?.(length), ...schedules, ...(schedule ? { rate: schedule } : {}) };
}

function checkSizes(count: number, options: PretrainOptions): void {
  const { epochs, batch, keep = 2, checkpointEvery = 1, snapshotEvery = 1, monitorEvery = 0 } = options;
  const whole = (x: number, least: number) => Number.isInteger(x) && x >= least;
  if (!whole(epochs, 1)) throw new RangeError(`pretrain: ${epochs} epochs; need a whole number from 1 on`);
  if (!whole(batch, 1)) throw new RangeError(`pretrain: batches of ${batch}; need a whole number from 1 on`);
  if (batch > count)
    throw new RangeError(`pretrain: ${count} images are no batch of ${batch}; try a smaller one`);
  const others = { keep, checkpointEvery, snapshotEvery, monitorEvery };
  for (const [name, value] of Object.entries(others)) {
    const least = name === "monitorEvery" ? 0 : 1;
    if (!whole(value, least)) {
      throw new RangeError(`pretrain: ${name} is ${value}; need a whole number from ${least} on`);
    }
  }
}

function checkNumbers(name: string, schedule: Schedule, steps: number): void {
  for (let step = 0; step < steps; step++) {
    const value = schedule(step);
    if (Number.isFinite(value)) continue;
    throw new RangeError(
      `pretrain: the schedule of "${name}" gives ${value} at step ${step + 1}; need a number`,
    );
  }
}

const SAMPLES = 32;

function samples(schedule: Schedule, steps: number): number[] {
  const count = Math.min(SAMPLES, steps);
  return Array.from({ length: count }, (_, i) =>
    schedule(Math.floor((i * (steps - 1)) / Math.max(1, count - 1))),
  );
}

const BYTES_LOOKED_AT = 1 << 16;

/** Enough about the images to notice that they are others. */
function fingerprint({ count, height, width, channels, data }: ImageSet): RunRecord["images"] {
  // An odd step, so that all rows, columns and colours have their turn.
  const stride = Math.floor(data.length / BYTES_LOOKED_AT) | 1;
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i += stride) hash = Math.imul(hash ^ (data[i] as number), 0x01000193);
  return { count, height, width, channels, hash: hash >>> 0 };
}
