import { vectorForm } from "../library.ts";
import type { ScalarProgram, Step } from "./builder.ts";
import type { Emitter } from "./emitter.ts";

/**
 * Writes what `wanted` needs for several values of a loop variable, each step for all of them before the next step:
 * while one waits for its operands, the others are computed. Four calls of a function become one call on vectors.
 */
export function together(
  emit: Emitter,
  steps: ScalarProgram,
  wanted: readonly number[],
  variable: number,
  names: readonly string[],
): void {
  const needed = new Set<number>();
  const visit = (id: number): void => {
    const step = steps[id] as Step;
    if (needed.has(id) || ((step.variables >> variable) & 1) === 0) return;
    needed.add(id);
    step.args.forEach(visit);
  };
  wanted.forEach(visit);
  const { depth } = emit;
  const forEach = <R>(f: (i: number) => R): R[] =>
    names.map((name, i) => {
      emit.bindVariable(variable, name, depth);
      return f(i);
    });
  for (const id of [...needed].sort((a, b) => a - b)) {
    const step = steps[id] as Step;
    const called = /^(\w+)\(\$0\)$/.exec(step.text)?.[1];
    const vector = names.length === 4 && called !== undefined ? vectorForm(called) : null;
    if (vector === null) {
      forEach(() => emit.value(id));
      continue;
    }
    const args = forEach(() => emit.value(step.args[0] as number, step));
    const result = emit.fresh("v");
    emit.line(`let ${result} = ${vector}(vec4f(${args.join(", ")}));`);
    forEach((i) => emit.rename(id, `${result}.${"xyzw"[i]}`));
  }
}
