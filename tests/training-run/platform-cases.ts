// From images to a trained model, as small as can be, on every host.
import type { Case } from "../platform/case.ts";
import { runTiny, stripes } from "./tiny.ts";

/** Of the first step. All randomness is counted out, so hosts differ in rounding alone. */
const FIRST_LOSS = 1.6949;

async function trainsAlike(): Promise<void> {
  const options = { epochs: 1, batch: 4, seed: 1, monitorEvery: 0 };
  const { losses } = await runTiny(stripes(8), options);
  const again = await runTiny(stripes(8), options);
  if (losses.length !== 2 || again.losses.join() !== losses.join()) {
    throw new Error(`two runs differ: ${losses} and ${again.losses}`);
  }
  if (!(Math.abs((losses[0] as number) - FIRST_LOSS) < 1e-3)) {
    throw new Error(`the first loss is ${losses[0]}, want ${FIRST_LOSS}`);
  }
}

export const cases: readonly Case[] = [
  { name: "a training run gives the same losses again", run: trainsAlike },
];
