import { range } from "../engine/core/shape.ts";
import { edge, leave } from "./dot-parts.ts";
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
  const covered = workgroups[0] * workgroups[1] * strip;
  const ragged = covered !== length;
  const guarded = ragged && block === 0;
  const emit = new Emitter(spec);
  let number = groupNumber(workgroups);
  if (block > 0) {
    emit.line(`let number = ${number};`);
    if (ragged) emit.line(`if (number >= ${count}) { return; }`);
    emit.line(`let block = number / ${block / strip};`);
    emit.bindVariable(0, "block");
    number = `number % ${block / strip}`;
  }
  const elements = range(perThread).map((j) => {
    const at = j > 0 ? `i + ${j * workgroupSize}` : `${number} * ${strip} + i32(lane)`;
    return edge(emit, `i${j || ""}`, at, guarded ? covered : length, length);
  });
  const variable = block > 0 ? 1 : 0;
  // Beyond the end of a buffer that is written in place lies another thread's element: nothing reads there.
  if (perThread > 1 && !(guarded && bindings.some((b) => b.access === "inout"))) {
    const wanted = spec.stores.flatMap((store) => [store.value, store.at]);
    const names = elements.map((e) => e.name);
    together(emit, spec.steps, wanted, variable, names);
  }
  for (const { name, guard } of elements) {
    leave(emit, guard);
    emit.bindVariable(variable, name);
    emit.store(spec.stores);
  }
  return emit.kernel({ workgroups, workgroupSize });
}
