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
  // Beyond the end of a buffer that is written in place lies another thread's element: nothing reads there.
  const together = perThread > 1 && !(ragged && bindings.some((b) => b.access === "inout"));
  const names = Array.from({ length: perThread }, (_, j) => (j === 0 ? "i" : `i${j}`));
  if (together) {
    names.forEach((name, j) => {
      const at = `i + ${j * workgroupSize}`;
      if (j > 0) emit.line(`let ${name} = ${ragged ? `min(${at}, ${length - 1})` : at};`);
    });
    const wanted = spec.stores.flatMap((store) => [store.value, store.at]);
    emit.together(wanted, 0, names);
  }
  names.forEach((name, j) => {
    const at = `i + ${j * workgroupSize}`;
    if (j > 0 && !together) emit.line(`let ${name} = ${at};`);
    if (j > 0 && ragged) emit.line(`if (${together ? at : name} >= ${length}) { return; }`);
    emit.bindVariable(0, name);
    writeStores(emit, spec.stores, bindings);
  });
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
