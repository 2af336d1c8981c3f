import { range } from "../engine/core/shape.ts";
import type { DotSpec } from "./dot-spec.ts";
import { groupNumber } from "./program.ts";
import type { ScalarProgram, ScalarType } from "./scalar/builder.ts";
import type { Emitter } from "./scalar/emitter.ts";

// What the variants of a contraction have in common.

export const sumType = (spec: DotSpec): ScalarType => (spec.steps[spec.a] as { type: ScalarType }).type;

/** Tiles of more sums than this store them in a loop: what follows the sum is written out once and not for each. */
export const UNROLLED_STORES = 16;

/** Columns of a tile up to which the loop goes over rows alone: what a row's columns share is computed once for them. */
const FEW_COLUMNS = 4;

export function storeInLoop(
  emit: Emitter,
  spec: DotSpec,
  { tm, tn }: { tm: number; tn: number },
  at: { row: (r: string) => Edge; column: (c: string) => Edge; sums: readonly string[] },
): void {
  emit.line(`var sums: array<${sumType(spec)}, ${tn}>;`);
  emit.loop("r", tm);
  // Not an array of all rows: Mesa takes half a second to compile what reads from one of 128 sums.
  for (const r of range(tm))
    emit.line(
      `if (r == ${r}) { ${range(tn)
        .map((c) => `sums[${c}] = ${at.sums[r * tn + c]};`)
        .join(" ")} }`,
    );
  const row = at.row("r");
  emit.bindVariable(1, row.name);
  const few = tn <= FEW_COLUMNS;
  if (!few) emit.loop("c", tn);
  for (const c of few ? range(tn) : ["c"]) {
    const column = at.column(`${c}`);
    emit.bindVariable(2, column.name);
    emit.line(`let sum_${c} = sums[${c}];`);
    emit.bindAccumulator(0, `sum_${c}`);
    writeGuarded(emit, spec, row.name, column.name, [...row.guard, ...column.guard]);
  }
  if (!few) emit.close();
  emit.close();
}

/** Stores what belongs to one sum, unless it lies beyond an edge. */
export function writeGuarded(
  emit: Emitter,
  spec: DotSpec,
  row: string,
  column: string,
  guards: readonly string[],
): void {
  if (guards.length > 0) emit.open(`if (${guards.join(" && ")}) {`);
  if (guards.length > 0 && spec.bindings.some((b) => b.access === "inout")) {
    // Beyond the edge lies another thread's element, which that thread may be about to update: nothing reads there.
    emit.bindVariable(1, row);
    emit.bindVariable(2, column);
  }
  emit.store(spec.stores);
  if (guards.length > 0) emit.close();
}

export interface Edge {
  readonly name: string;
  readonly guard: readonly string[];
}

/** A row or column number, clamped into the operand; results beyond the edge are not stored. */
export function edge(emit: Emitter, name: string, expression: string, covered: number, size: number): Edge {
  if (covered === size) {
    emit.line(`let ${name} = ${expression};`);
    return { name, guard: [] };
  }
  emit.line(`let ${name}_raw = ${expression};`);
  emit.line(`let ${name} = min(${name}_raw, ${size - 1});`);
  return { name, guard: [`${name}_raw < ${size}`] };
}

/** Names the number of this thread, which ends here if there are no more than `count`. */
export function thread(
  emit: Emitter,
  name: string,
  workgroups: readonly [number, number, number],
  size: number,
  count: number,
): void {
  const number = `${groupNumber(workgroups)} * ${size} + i32(lane)`;
  leave(emit, edge(emit, name, number, workgroups[0] * workgroups[1] * size, count).guard);
}

/** Ends threads beyond an edge. */
export function leave(emit: Emitter, guard: Edge["guard"]): void {
  for (const inside of guard) emit.line(`if (!(${inside})) { return; }`);
}

export function valueAt(emit: Emitter, step: number, variable: number, name: string): string {
  emit.bindVariable(variable, name, 0);
  return emit.value(step);
}

/** Steps along the contracted axes that an operand takes which is read as it lies in memory. */
const PLAIN_OPERAND = 4;

/** Steps along the contracted axes that an operand takes beyond those of one that is read as it lies in memory. */
export function extraSteps(steps: ScalarProgram, value: number): number {
  const seen = new Set<number>();
  const visit = (id: number): void => {
    const step = steps[id] as ScalarProgram[number];
    if (seen.has(id) || step.variables >> 3 === 0) return;
    seen.add(id);
    step.args.forEach(visit);
  };
  visit(value);
  return Math.max(0, seen.size - PLAIN_OPERAND);
}

/**
 * How long the body of the loops is, in multiply-adds. Guarded operands, such as windows that reach over the edge,
 * count too: written out for a whole tile and unrolled, they make text that takes drivers seconds to compile.
 */
export function bodyLength({ steps, a, b }: DotSpec, tm: number, tn: number): number {
  return tm * tn + tm * extraSteps(steps, a) + tn * extraSteps(steps, b);
}

export function storeSum(
  emit: Emitter,
  spec: DotSpec,
  row: string,
  column: string,
  sum: string,
  guards: readonly string[],
): void {
  emit.bindVariable(1, row, 0);
  emit.bindVariable(2, column, 0);
  emit.bindAccumulator(0, sum, 0);
  writeGuarded(emit, spec, row, column, guards);
}
