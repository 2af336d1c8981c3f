// One random program, every way of running it on the CPU, against the float64 reference.
import { baseProfile, type Profile, softwareProfile } from "../../engine/core/profile.ts";
import { expectedOf, firstDifference } from "../ops/accuracy.ts";
import { quadProfile } from "../support/quad-profile.ts";
import { runOnHost } from "../support/run-plan.ts";
import { programOf, type RandomProgram, type Recipe } from "./random-program.ts";

/** Set `MORLET_SEED` and `MORLET_RUNS` to draw other programs, or more of them. */
export const drawn = (runs: number): { seed: number; numRuns: number; interruptAfterTimeLimit: number } => ({
  seed: Number(process.env.MORLET_SEED ?? 1),
  numRuns: Number(process.env.MORLET_RUNS ?? runs),
  // Making a failing program shorter may take long.
  interruptAfterTimeLimit: 40_000,
});

export const profiles: readonly (readonly [string, Profile])[] = [
  ["software", softwareProfile],
  ["quads", quadProfile],
  ["gpu", baseProfile],
];

/** Throws with the program as text where the kernels of a profile, fused or not, differ from the reference. */
export function checkProgram(recipe: Recipe): void {
  const program = programOf(recipe);
  const expected = expectedOf(program.outputs, program.given);
  for (const [name, profile] of profiles) {
    for (const fuse of [true, false]) {
      naming(`${name}, ${fuse ? "fused" : "unfused"}`, program, () => {
        const results = runOnHost(program.outputs, program.given, { profile, fuse });
        results.forEach((actual, i) => {
          const difference = firstDifference(actual, expected[i] as (typeof expected)[number]);
          if (difference) throw new Error(`result ${i}: ${difference}`);
        });
      });
    }
  }
}

/** Runs `body`; what it throws tells the way of running and the program. */
export function naming(way: string, program: RandomProgram, body: () => void): void {
  try {
    body();
  } catch (error) {
    throw new Error(`${way}: ${(error as Error).message}\n${program.text}`, { cause: error });
  }
}
