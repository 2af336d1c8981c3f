import { thread } from "./dot-parts.ts";
import { gridOf, type KernelProgram } from "./program.ts";
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
  const { length, workgroupSize, stores } = spec;
  const workgroups = gridOf(Math.ceil(length / workgroupSize));
  const emit = new Emitter(spec);
  thread(emit, "i", workgroups, workgroupSize, length);
  emit.bindVariable(0, "i");
  emit.store(stores);
  return emit.kernel({ workgroups, workgroupSize });
}
