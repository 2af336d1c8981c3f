// Every primitive on the CPU: its kernels of both families run as WGSL says, against the float64 reference. Gradients are
// in gradients.slow.test.ts; the device runs the same table in cases.ts.
import { describe, expect, test } from "vitest";
import { baseProfile, softwareProfile } from "../../engine/core/profile.ts";
import { quadProfile } from "../support/quad-profile.ts";
import { runOnHost } from "../support/run-plan.ts";
import { expectedOf, firstDifference } from "./accuracy.ts";
import { apply, applyToViews } from "./derive.ts";
import { primitives } from "./primitives.ts";
import { table, textOf, withoutEntry } from "./table.ts";

test("every primitive has an entry", () => {
  expect(Object.keys({ ...table, ...withoutEntry }).sort()).toEqual(Object.keys(primitives).sort());
});

describe.each(Object.entries(table))("%s", (name, entry) => {
  const profiles = [
    ["software", softwareProfile],
    ["quads", quadProfile],
    ["gpu", baseProfile],
  ] as const;

  test.each(profiles)("forward, %s kernels, fused and not, poisoned and guarded", (_, profile) => {
    entry.samples.forEach((sample, i) => {
      for (const make of [apply, applyToViews]) {
        const { out, given } = make(name, sample, i + 1);
        const expected = expectedOf([out], given, 4)[0];
        for (const fuse of [true, false]) {
          const [actual] = runOnHost([out], given, { profile, fuse });
          expect(actual && expected && firstDifference(actual, expected), textOf(sample)).toBeNull();
        }
      }
    });
  });

  if (entry.refusals.length > 0)
    test("refuses what it cannot work on", () => {
      for (const { ins, params, error } of entry.refusals) {
        expect(() => apply(name, { ins, params, smooth: false }, 1), error).toThrow(
          expect.objectContaining({ name: error }),
        );
      }
    });
});
