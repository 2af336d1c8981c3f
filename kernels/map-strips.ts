import type { MapSpec } from "./map.ts";
import { gridOf, groupNumber, type KernelProgram } from "./program.ts";
import { Emitter } from "./scalar/emitter.ts";
import { together } from "./scalar/together.ts";

/** Elementwise work for drivers that run on the CPU: a thread takes several elements, in a block where there are blocks. */
export function stripKernel(spec: MapSpec): KernelProgram {
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
  const ahead = perThread > 1 && !(guarded && bindings.some((b) => b.access === "inout"));
  const names = Array.from({ length: perThread }, (_, j) => (j === 0 ? "i" : `i${j}`));
  if (ahead) {
    names.forEach((name, j) => {
      const at = `i + ${j * workgroupSize}`;
      if (j > 0) emit.line(`let ${name} = ${guarded ? `min(${at}, ${length - 1})` : at};`);
    });
    const wanted = spec.stores.flatMap((store) => [store.value, store.at]);
    together(emit, spec.steps, wanted, variable, names);
  }
  names.forEach((name, j) => {
    const at = `i + ${j * workgroupSize}`;
    if (j > 0 && !ahead) emit.line(`let ${name} = ${at};`);
    if (j > 0 && guarded) emit.line(`if (${ahead ? at : name} >= ${length}) { return; }`);
    emit.bindVariable(variable, name);
    emit.store(spec.stores);
  });
  return emit.kernel({ workgroups, workgroupSize });
}
