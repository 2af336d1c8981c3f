import { thread } from "./dot-parts.ts";
import { gridOf, type KernelBinding, type KernelProgram, storeText } from "./program.ts";
import { mergeText } from "./row-fold.ts";
import { literal, type ScalarType } from "./scalar/builder.ts";
import { Emitter } from "./scalar/emitter.ts";
import type { LoopSpec, Store } from "./spec.ts";

/** A running fold: variable 0 is the row, variable 1 the position along it, in the order of the scan. */
export interface ScanSpec extends LoopSpec {
  readonly kind: "scan";
  readonly rows: number;
  readonly length: number;
  readonly combine: "sum" | "prod" | "max" | "min";
  /** `value` is the element that enters the fold. */
  readonly store: Store;
  readonly workgroupSize: number;
}

/** One thread a row. Long rows are cut into blocks by the compiler, so that there are rows enough. */
export function scanKernel(spec: ScanSpec): KernelProgram {
  const { rows, bindings, workgroupSize, store, combine } = spec;
  const workgroups = gridOf(Math.ceil(rows / workgroupSize));
  const emit = new Emitter(spec);
  const type = (spec.steps[store.value] as { type: ScalarType }).type;
  thread(emit, "row", workgroups, workgroupSize, rows);
  emit.bindVariable(0, "row");
  emit.line(`var acc: ${type} = ${literal(type, combine === "prod" ? 1 : 0)};`);
  emit.loop("k", spec.length);
  emit.bindVariable(1, "k");
  const value = emit.value(store.value);
  const merged = mergeText(combine, type, "acc", value);
  // The first element starts the fold: there is no identity for a maximum of integers.
  emit.line(
    combine === "max" || combine === "min"
      ? `if (k == 0) { acc = ${value}; } else { acc = ${merged}; }`
      : `acc = ${merged};`,
  );
  emit.line(
    storeText(store.dtype, (bindings[store.binding] as KernelBinding).name, emit.value(store.at), "acc"),
  );
  emit.close();
  return emit.kernel({ workgroups, workgroupSize });
}
