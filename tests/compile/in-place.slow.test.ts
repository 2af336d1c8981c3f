// State that is updated in place: every new value as the reference has it, whoever else reads the old ones.
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildPlan, passTools } from "../../engine/compile/build-plan.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { withDebug } from "../../engine/core/debug.ts";
import type { HostData } from "../../engine/core/dtype.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import type { Plan } from "../../engine/ir/plan.ts";
import { ops } from "../../engine/ops/build.ts";
import { expectedOf, firstDifference } from "../ops/accuracy.ts";
import { runPlan } from "../support/run-plan.ts";
import { drawn, naming, profiles } from "./check-program.ts";
import { programOf, recipes } from "./random-program.ts";
import { type RandomStep, stepOf, stepRecipes } from "./random-step.ts";

await withDebug({ verify: true }, passTools);

/** Runs a step every way there is; returns its plans. */
function checkStep(step: RandomStep): Plan[] {
  const { inputs, outputs, updates, given } = step;
  const expected = expectedOf(outputs, given);
  const plans: Plan[] = [];
  for (const [name, profile] of profiles) {
    for (const fuse of [true, false]) {
      naming(`${name}, ${fuse ? "fused" : "unfused"}`, step, () => {
        const plan = withDebug({ fuse, verify: true }, () =>
          buildPlan({ inputs, outputs }, profile, ops, updates),
        );
        plans.push(plan);
        const values = inputs.map((x) => (given.get(x) as HostData).slice());
        runPlan(plan, values, outputs).forEach((actual, i) => {
          const difference = firstDifference(actual, expected[i] as (typeof expected)[number]);
          if (difference) throw new Error(`result ${i}: ${difference}`);
        });
      });
    }
  }
  return plans;
}

test("random training steps", () => {
  let blocks = 0;
  let inPlace = 0;
  fc.assert(
    fc.property(stepRecipes, (recipe) => {
      for (const plan of checkStep(stepOf(recipe))) {
        blocks += plan.blocks.length;
        inPlace += plan.outputs.filter((x) => x.kind === "input" && x.updated).length;
      }
    }),
    drawn(60),
  );
  // They are of both kinds: single buffers, and many tensors in one.
  expect(blocks).toBeGreaterThan(0);
  expect(inPlace).toBeGreaterThan(0);
});

test("random programs whose results replace whatever input fits them", () => {
  fc.assert(
    fc.property(recipes(15), (recipe) => {
      const { outputs, given, text } = programOf(recipe);
      const { inputs } = describeProgram(outputs);
      const updates = new Map<number, number>();
      outputs.forEach((x, i) => {
        const fits = (y: GraphNode, at: number): boolean =>
          y !== x &&
          y.dtype === x.dtype &&
          y.shape.join() === x.shape.join() &&
          ![...updates.values()].includes(at);
        const at = inputs.findIndex(fits);
        if (at >= 0) updates.set(i, at);
      });
      checkStep({ inputs, outputs, updates, given, text });
    }),
    drawn(40),
  );
});
