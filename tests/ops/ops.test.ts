// Every primitive on the CPU: its kernels of both families run as WGSL says, against the float64 reference; its
// gradients against differences of the reference. The device runs the same table in cases.ts.
import { describe, expect, test } from "vitest";
import { backward } from "../../engine/autodiff/backward.ts";
import { isFloat } from "../../engine/core/dtype.ts";
import { baseProfile, quadProfile, softwareProfile } from "../../engine/core/profile.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { ops } from "../../engine/ops/build.ts";
import { runOnHost } from "../support/run-plan.ts";
import { expectedOf, firstDifference } from "./accuracy.ts";
import { againstDifferences, apply, applyToViews, gradients, weightedSum } from "./derive.ts";
import { primitives } from "./primitives.ts";
import { type Sample, table, withoutEntry } from "./table.ts";

const text = (s: Sample): string =>
  `${s.ins.map((x) => `${x.dtype}[${x.shape}]`).join(", ")} ${JSON.stringify(s.params)}`;

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
          expect(actual && expected && firstDifference(actual, expected), text(sample)).toBeNull();
        }
      }
    });
  });

  const differentiable = typeof primitives[name]?.vjp === "function";
  if (differentiable)
    test("gradient and second derivative against central differences", () => {
      entry.samples.forEach((sample, i) => {
        const size = sample.ins.reduce((n, x) => n + sizeOf(x.shape), 0);
        if (!sample.smooth || size > 150 || !sample.ins.some((x) => isFloat(x.dtype))) return;
        const applied = apply(name, sample, i + 1);
        const { out, ins, given } = applied;
        const wrt = ins.filter((x) => isFloat(x.dtype));
        const value = weightedSum(out, 77, given);
        const seed = ops.full([], 1, value.dtype);
        const first = backward([{ node: value, ct: seed }], wrt, ops).map(
          (g, k) => g ?? ops.zerosLike(wrt[k] as typeof out),
        );
        expect(againstDifferences(value, wrt, first, given), `first: ${text(sample)}`).toBeNull();
        const slope = first.map((g, k) => weightedSum(g, 99 + k, given)).reduce((a, b) => ops.add(a, b));
        const second = backward([{ node: slope, ct: seed }], wrt, ops).map(
          (g, k) => g ?? ops.zerosLike(wrt[k] as typeof out),
        );
        expect(againstDifferences(slope, wrt, second, given), `second: ${text(sample)}`).toBeNull();
      });
    });

  if (differentiable)
    test("gradient kernels against the reference", () => {
      entry.samples.forEach((sample, i) => {
        const size = sample.ins.reduce((n, x) => n + sizeOf(x.shape), 0);
        if (!sample.smooth || size > 400 || !sample.ins.some((x) => isFloat(x.dtype))) return;
        const applied = apply(name, sample, i + 1);
        const { grads } = gradients(applied, i);
        const expected = expectedOf(grads, applied.given, 4);
        for (const profile of [softwareProfile, quadProfile, baseProfile]) {
          runOnHost(grads, applied.given, { profile }).forEach((actual, k) => {
            expect(
              firstDifference(actual, expected[k] as (typeof expected)[number]),
              text(sample),
            ).toBeNull();
          });
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
