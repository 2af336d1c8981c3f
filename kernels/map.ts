import type { DType } from "../engine/core/dtype.ts";
import {
  type Cost,
  gridOf,
  groupNumber,
  type KernelBinding,
  type KernelProgram,
  program,
  storeText,
} from "./program.ts";
import type { ScalarProgram } from "./scalar/builder.ts";
import { Emitter } from "./scalar/emitter.ts";

/** A value of the scalar program and where it goes: both are step numbers. */
export interface Store {
  readonly binding: number;
  readonly dtype: DType;
  readonly value: number;
  readonly at: number;
}

/** Elementwise work: loop variable 0 runs over `length` elements, of which each thread takes a few. */
export interface MapSpec {
  readonly kind: "map";
  readonly name: string;
  readonly steps: ScalarProgram;
  readonly bindings: readonly KernelBinding[];
  readonly length: number;
  readonly stores: readonly Store[];
  readonly perThread: number;
  readonly workgroupSize: number;
  readonly cost: Cost;
}

export function mapKernel(spec: MapSpec): KernelProgram {
  const { length, perThread, workgroupSize, bindings } = spec;
  const strip = workgroupSize * perThread;
  const workgroups = gridOf(Math.ceil(length / strip));
  const ragged = workgroups[0] * workgroups[1] * strip !== length;
  const emit = new Emitter(spec.steps, bindings);
  emit.line(`let i = ${groupNumber(workgroups)} * ${strip} + i32(lane);`);
  if (ragged) emit.line(`if (i >= ${length}) { return; }`);
  emit.bindVariable(0, "i");
  writeStores(emit, spec.stores, bindings);
  for (let j = 1; j < perThread; j++) {
    emit.line(`let i${j} = i + ${j * workgroupSize};`);
    if (ragged) emit.line(`if (i${j} >= ${length}) { return; }`);
    emit.bindVariable(0, `i${j}`);
    writeStores(emit, spec.stores, bindings);
  }
  return program({
    name: spec.name,
    bindings,
    workgroups,
    workgroupSize,
    cost: spec.cost,
    body: emit.body(),
  });
}

/** All values first, then all stores: a buffer updated in place is read before it is written. */
export function writeStores(
  emit: Emitter,
  stores: readonly Store[],
  bindings: readonly KernelBinding[],
): void {
  const lines = stores.map((s) => {
    const value = emit.value(s.value);
    return storeText(s.dtype, (bindings[s.binding] as KernelBinding).name, emit.value(s.at), value);
  });
  for (const line of lines) emit.line(line);
}
