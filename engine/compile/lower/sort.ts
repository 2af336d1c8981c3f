import { emitKernel } from "../../../kernels/kernel.ts";
import type { KernelBinding } from "../../../kernels/program.ts";
import { RUN } from "../../../kernels/sort.ts";
import { sizeOf } from "../../core/shape.ts";
import type { GraphNode } from "../../ir/node.ts";
import type { Cluster } from "../cluster.ts";
import type { Lowered, Operand, Scratch } from "./lowered.ts";

/** Sorting along the last axis: runs that a workgroup sorts, then merges of twice the length each. */
export function lowerSort(c: Cluster): Lowered[] {
  const hero = c.heroes[0] as GraphNode;
  const keys = hero.inputs[0] as GraphNode;
  const length = hero.shape[hero.shape.length - 1] ?? 1;
  const total = sizeOf(hero.shape);
  const rows = total / length;
  const passes = 1 + Math.max(0, Math.ceil(Math.log2(length / RUN)));
  const scratch: Scratch = { scratch: true, dtype: "i32", shape: [...hero.shape] };
  const target = (pass: number): Operand => ((passes - 1 - pass) % 2 === 0 ? hero : scratch);
  const bytes = 4 * total * 3;
  return Array.from({ length: passes }, (_, pass) => {
    const operands = pass === 0 ? [keys, target(0)] : [keys, target(pass - 1), target(pass)];
    const bindings = operands.map(
      (x, i): KernelBinding => ({
        name: ["keys", pass === 0 ? "result" : "order", "result"][i] as string,
        access: i === operands.length - 1 ? "write" : "read",
        dtype: x.dtype,
        length: total,
      }),
    );
    const block = pass === 0 ? 0 : RUN * 2 ** (pass - 1);
    const name = `sort_${rows}x${length}_${block}`;
    const program = emitKernel({
      kind: "sort",
      name,
      bindings,
      rows,
      length,
      block,
      workgroupSize: 64,
      cost: { flops: 0, bytes },
    });
    return { program, operands };
  });
}
