import { debug } from "./core/debug.ts";
import type { Plan } from "./ir/plan.ts";

/** Debug levels 1 and 3: what was compiled, and what became of it. */
export function describeCompile(plan: Plan, milliseconds: number): void {
  debug.print(`compile: ${plan.steps.length} kernels in ${milliseconds.toFixed(1)} ms`);
  if (debug.level < 3) return;
  for (const { program, ops, notes } of plan.steps) {
    debug.print(`  ${program.name}: ${ops.join(", ")}`);
    for (const note of notes) debug.print(`    stops at ${note}`);
  }
}
