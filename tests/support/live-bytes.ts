import type { Plan, PlanValue } from "../../engine/ir/plan.ts";

/** Most bytes of values of a kind that are alive during one kernel of a plan; of intermediate results by default. */
export function mostAtOnce(
  plan: Plan,
  wanted: (value: PlanValue) => boolean = ({ place }) => place.kind === "pool",
): number {
  const uses = new Map<number, [first: number, last: number]>();
  plan.steps.forEach(({ values }, step) => {
    for (const value of values) uses.set(value, [uses.get(value)?.[0] ?? step, step]);
  });
  const spans = [...uses].filter(([value]) => wanted(plan.values[value] as PlanValue));
  const at = (step: number) =>
    spans
      .filter(([, [first, last]]) => first <= step && step <= last)
      .reduce((sum, [value]) => sum + (plan.values[value] as PlanValue).bytes, 0);
  return Math.max(...plan.steps.map((_, step) => at(step)));
}
