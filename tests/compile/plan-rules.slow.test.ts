// Rules that every plan obeys, over many random programs. Nothing runs, so thousands of them cost little.
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildPlan } from "../../engine/compile/build-plan.ts";
import { expandRewrites } from "../../engine/compile/expand.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { simplify } from "../../engine/compile/simplify.ts";
import { withDebug } from "../../engine/core/debug.ts";
import { baseProfile } from "../../engine/core/profile.ts";
import { interpret } from "../../engine/ir/interpret.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { composedAttention, ops } from "../../engine/ops/build.ts";
import { installReferences } from "../../engine/ops/on-host/all.ts";
import { checkPlan, planOf } from "../support/run-plan.ts";
import { drawn, naming, profiles } from "./check-program.ts";
import { programOf, recipes } from "./random-program.ts";

installReferences(composedAttention);

test("no buffer is read and written at once, read before it is written, or lent twice", () => {
  fc.assert(
    fc.property(recipes(), (recipe) => {
      const program = programOf(recipe);
      for (const [name, profile] of profiles)
        for (const fuse of [true, false])
          naming(name, program, () => checkPlan(planOf(program.outputs, { profile, fuse })));
    }),
    drawn(300),
  );
});

test("fusion never makes a plan longer", () => {
  fc.assert(
    fc.property(recipes(), (recipe) => {
      const program = programOf(recipe);
      const fused = planOf(program.outputs, { fuse: true }).steps.length;
      const apart = planOf(program.outputs, { fuse: false }).steps.length;
      naming("kernel count", program, () => expect(fused).toBeLessThanOrEqual(apart));
    }),
    drawn(300),
  );
});

test("two plans of one program are the same", () => {
  const plan = (outputs: readonly GraphNode[]) => {
    const { steps, values, pools } = planOf(outputs, { profile: baseProfile });
    return JSON.stringify({ kernels: steps.map((x) => [x.program, x.values]), values, pools });
  };
  fc.assert(
    fc.property(recipes(12), (recipe) => {
      const program = programOf(recipe);
      naming("plan", program, () => expect(plan(programOf(recipe).outputs)).toBe(plan(program.outputs)));
    }),
    drawn(60),
  );
});

test("rewriting and simplifying keep every value", () => {
  fc.assert(
    fc.property(recipes(), (recipe) => {
      const program = programOf(recipe);
      const { outputs } = program;
      const given = new Map([...program.given].map(([x, data]) => [x, Float64Array.from(data)]));
      const before = interpret(outputs, given);
      const { inputs } = describeProgram(outputs);
      const simple = simplify(expandRewrites({ inputs, outputs }, baseProfile, ops), ops);
      const after = interpret(simple.outputs, given);
      naming("simplify", program, () => {
        before.forEach(({ data }, i) => {
          const other = after[i]?.data as Float64Array;
          data.forEach((x, j) => {
            const y = other[j] as number;
            // Folded constants are rounded to f32, so not all of float64 is left.
            const close = Object.is(x, y) || Math.abs(x - y) <= 1e-5 * Math.max(1, Math.abs(x));
            if (!close) throw new Error(`result ${i}, element ${j}: ${y} instead of ${x}`);
          });
        });
      });
    }),
    drawn(150),
  );
});

test("the checker finds a buffer that is lent twice", () => {
  const x = programOf({ shape: [4], seed: 1, gradient: false, instructions: [] });
  const node = x.outputs[0] as GraphNode;
  const plan = withDebug({ fuse: false }, () => {
    const chain = ops.neg(ops.exp(ops.sin(node)));
    return buildPlan({ inputs: describeProgram([chain]).inputs, outputs: [chain] }, baseProfile, ops);
  });
  checkPlan(plan);
  const values = plan.values.map((v) =>
    v.place.kind === "pool" ? { ...v, place: { kind: "pool" as const, pool: 0, offset: 0 } } : v,
  );
  expect(() => checkPlan({ ...plan, values })).toThrow(/read and written|alive at one time/);
});
