// Gradients of every primitive, as the CPU runs them: against differences of the float64 reference, and kernels of all
// families against the reference.
import { describe, expect, test } from "vitest";
import { backward } from "../../engine/autodiff/backward.ts";
import { isFloat } from "../../engine/core/dtype.ts";
import { baseProfile, softwareProfile } from "../../engine/core/profile.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import { ops } from "../../engine/ops/build.ts";
import { quadProfile } from "../support/quad-profile.ts";
import { runOnHost } from "../support/run-plan.ts";
import { expectedOf, firstDifference } from "./accuracy.ts";
import { againstDifferences, apply, gradients, weightedSum } from "./derive.ts";
import { primitives } from "./primitives.ts";
import { table, textOf } from "./table.ts";

const differentiable = Object.entries(table).filter(([name]) => typeof primitives[name]?.vjp === "function");

describe.each(differentiable)("%s", (name, entry) => {
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
      expect(againstDifferences(value, wrt, first, given), `first: ${textOf(sample)}`).toBeNull();
      const slope = first.map((g, k) => weightedSum(g, 99 + k, given)).reduce((a, b) => ops.add(a, b));
      const second = backward([{ node: slope, ct: seed }], wrt, ops).map(
        (g, k) => g ?? ops.zerosLike(wrt[k] as typeof out),
      );
      expect(againstDifferences(slope, wrt, second, given), `second: ${textOf(sample)}`).toBeNull();
    });
  });

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
            textOf(sample),
          ).toBeNull();
        });
      }
    });
  });
});
