import { describe, expect } from "vitest";
import {
  cosine,
  dinoCosine,
  inclusiveRamp,
  type Schedule,
  scatSimClrPublished,
  stepDecay,
} from "../../training/schedule.ts";
import { goldenTest } from "./golden-file.ts";

/** Files hold float32 roundings of float64 values, so that is how far apart they may be. */
function expectSchedule(schedule: Schedule, values: ArrayLike<number>, first = 0): void {
  const computed = Array.from(values, (_, i) => schedule(first + i));
  const worst = Math.max(
    ...computed.map((x, i) => Math.abs(x - (values[i] as number)) / (Math.abs(x) + 1e-9)),
  );
  expect(worst).toBeLessThan(1e-6);
}

describe("golden schedules", () => {
  for (const [name, stepsPerEpoch] of [
    ["schedule_T20_E60", 20],
    ["schedule_T742_E1000", 742],
  ] as const) {
    goldenTest(`scatsimclr/${name}`, `ScatSimCLR's published rule, ${name}`, async (file) => {
      expectSchedule(scatSimClrPublished({ stepsPerEpoch }), file.values("lr"));
    });
  }

  goldenTest("dino/schedules", "DINO: learning rate, weight decay, momentum, temperature", async (file) => {
    interface Config {
      name: string;
      base: number;
      start: number;
      final: number;
      epochs: number;
      per_epoch: number;
      warm_epochs: number;
      warm_start: number;
    }
    for (const c of JSON.parse(file.metadata.config ?? "[]") as Config[]) {
      if (c.name.startsWith("teacher_temp")) {
        const ramp = inclusiveRamp({ from: c.start, to: c.final, steps: c.warm_epochs });
        expectSchedule(ramp, file.values(c.name));
        continue;
      }
      const steps = c.epochs * c.per_epoch;
      const warmup = c.warm_epochs * c.per_epoch;
      const schedule = dinoCosine({ base: c.base, final: c.final, steps, warmup, warmupFrom: c.warm_start });
      expectSchedule(schedule, file.values(`schedule.${c.name}`));
    }
  });

  goldenTest("triplet/schedules", "momentum of the target network", async (file) => {
    const { K, base } = JSON.parse(file.metadata.config ?? "{}") as { K: number; base: number };
    expectSchedule(cosine({ base, final: 1, steps: K }), file.values("expect/ema_momentum"));
  });

  goldenTest("pretext/lr_schedule", "step decay with warm-up", async (file) => {
    const c = JSON.parse(file.metadata.config ?? "{}") as Record<string, number> & { decay_epochs: number[] };
    const stepsPerEpoch = Math.floor((c.samples as number) / (c.batch as number));
    const schedule = stepDecay({
      base: ((c.lr as number) * (c.batch as number)) / (c.ref_batch as number),
      factor: c.factor as number,
      // There the factor applies to the steps after the boundary.
      at: c.decay_epochs.map((epoch) => epoch * stepsPerEpoch + 1),
      warmup: (c.warmup_epochs as number) * stepsPerEpoch,
    });
    expectSchedule(schedule, file.values("expect/lr"));
  });
});
