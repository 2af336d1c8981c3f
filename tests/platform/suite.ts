// The cases that run alike in Node, Deno and Chromium. They need the web platform with `navigator.gpu` alone;
// a folder adds its own by exporting `cases` and joining the list below.
import { cases as tuning } from "../compile/tuning-cases.ts";
import { cases as data } from "../data/platform-cases.ts";
import { cases as kernels } from "../kernels/cases.ts";
import { cases as ops } from "../ops/cases.ts";
import { cases as runtime } from "../runtime/platform-cases.ts";
import { cases as training } from "../training-run/platform-cases.ts";
import { type Case, Skip } from "./case.ts";
import { cases as smoke } from "./smoke.ts";

export const cases: readonly Case[] = [
  ...smoke,
  ...runtime,
  ...kernels,
  ...ops,
  ...data,
  ...training,
  ...tuning,
];

export interface Summary {
  host: string;
  passed: number;
  failed: number;
  skipped: number;
}

/** Starts the line that carries a `Summary` as JSON; tools/test.mjs reads it. */
export const summaryMark = "morlet-summary ";

/** Runs all cases in turn, says which failed and why, and ends with the summary line. */
export async function runCases(host: string, say: (line: string) => void): Promise<Summary> {
  const summary: Summary = { host, passed: 0, failed: 0, skipped: 0 };
  for (const { name, run } of cases) {
    try {
      await run();
      summary.passed++;
    } catch (error) {
      if (error instanceof Skip) {
        summary.skipped++;
        say(`skipped in ${host}: ${name}: ${error.message}`);
      } else {
        summary.failed++;
        say(`FAILED in ${host}: ${name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
      }
    }
  }
  say(summaryMark + JSON.stringify(summary));
  return summary;
}
