import { range } from "../engine/core/shape.ts";
import { edge, leave } from "./dot-parts.ts";
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
  /** Whether threads take their elements as suits drivers that run on the CPU. */
  readonly strips: boolean;
  readonly workgroupSize: number;
}

export function mapKernel({ length, perThread, workgroupSize, stores, ...spec }: MapSpec): KernelProgram {
  const strip = workgroupSize * perThread;
  const workgroups = gridOf(Math.ceil(length / strip));
  const covered = workgroups[0] * workgroups[1] * strip;
  const emit = new Emitter(spec);
  const elements = range(perThread).map((j) => {
    const at = j > 0 ? `i + ${j * workgroupSize}` : `${groupNumber(workgroups)} * ${strip} + i32(lane)`;
    return edge(emit, `i${j || ""}`, at, covered, length);
  });
  // All loads come before the first store, which compilers must not move them past.
  if (perThread > 1 && covered === length)
    for (const { name } of elements) {
      emit.bindVariable(0, name);
      for (const { value } of stores) emit.value(value);
    }
  for (const { name, guard } of elements) {
    leave(emit, guard);
    emit.bindVariable(0, name);
    emit.store(stores);
  }
  return emit.kernel({ workgroups, workgroupSize });
}
