import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { Emitter } from "./scalar/emitter.ts";
import type { LoopSpec, Store } from "./spec.ts";

/**
 * Elementwise work: loop variable 0 runs over `length` elements, of which each thread takes a few. With blocks, it runs
 * over these and variable 1 over the elements of one: what is the same for all of a block is computed once a thread.
 */
export interface MapSpec extends LoopSpec {
  readonly kind: "map";
  readonly length: number;
  /** Elements of a block, a divisor of `length` that each workgroup stays in; 0 if there are none. */
  readonly block: number;
  readonly stores: readonly Store[];
  readonly perThread: number;
  readonly workgroupSize: number;
}

export function mapKernel(spec: MapSpec): KernelProgram {
  const { length, block, perThread, workgroupSize, bindings } = spec;
  const strip = workgroupSize * perThread;
  const count = Math.ceil(length / strip);
  const workgroups = gridOf(count);
  const ragged = workgroups[0] * workgroups[1] * strip !== length;
  const emit = new Emitter(spec);
  const number = groupNumber(workgroups);
  if (block > 0) {
    emit.line(`let number = ${number};`);
    if (ragged) emit.line(`if (number >= ${count}) { return; }`);
    emit.line(`let block = number / ${block / strip};`);
    emit.bindVariable(0, "block");
    emit.line(`let i = number % ${block / strip} * ${strip} + i32(lane);`);
  } else {
    emit.line(`let i = ${number} * ${strip} + i32(lane);`);
    if (ragged) emit.line(`if (i >= ${length}) { return; }`);
  }
  const variable = block > 0 ? 1 : 0;
  const guarded = ragged && block === 0;
  // Beyond the end of a buffer that is written in place lies another thread's element: nothing reads there.
  const together = perThread > 1 && !(guarded && bindings.some((b) => b.access === "inout"));
  const names = Array.from({ length: perThread }, (_, j) => (j === 0 ? "i" : `i${j}`));
  if (together) {
    names.forEach((name, j) => {
      const at = `i + ${j * workgroupSize}`;
      if (j > 0) emit.line(`let ${name} = ${guarded ? `min(${at}, ${length - 1})` : at};`);
    });
    const wanted = spec.stores.flatMap((store) => [store.value, store.at]);
    emit.together(wanted, variable, names);
  }
  names.forEach((name, j) => {
    const at = `i + ${j * workgroupSize}`;
    if (j > 0 && !together) emit.line(`let ${name} = ${at};`);
    if (j > 0 && guarded) emit.line(`if (${together ? at : name} >= ${length}) { return; }`);
    emit.bindVariable(variable, name);
    emit.store(spec.stores);
  });
  return emit.kernel({ workgroups, workgroupSize });
}
