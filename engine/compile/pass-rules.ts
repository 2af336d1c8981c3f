import type { Profile } from "../core/profile.ts";
import { topologicalOrder } from "../ir/node.ts";
import { type FusedProgram, isGiven, sourcesOf } from "./fused-program.ts";
import { bindingsOf } from "./in-place.ts";
import type { Program } from "./program.ts";

// What must hold after each pass; checked when `debug.verify` is on, as it is in the tests.

function need(holds: boolean, message: string): void {
  if (!holds) throw new Error(`verify: ${message}`);
}

/** Every node obeys its own dtype and shape rule, and every input is known. */
export function checkTensors(program: Program): void {
  const inputs = new Set(program.inputs);
  for (const x of topologicalOrder(program.outputs)) {
    if (isGiven(x)) {
      need(inputs.has(x), `${x.primitive.name} is no input of the program`);
      continue;
    }
    const { name } = x.primitive;
    need(x.primitive.dtype(x.inputs, x.params) === x.dtype, `${name} has another dtype than its rule gives`);
    need(
      x.primitive.shape(x.inputs, x.params).join() === x.shape.join(),
      `${name} has another shape than its rule gives`,
    );
  }
}

/** Every wanted value has one kernel that writes it, and no kernel binds too much. */
export function checkFused(fused: FusedProgram, profile: Profile): void {
  for (const x of fused.program.outputs) need(fused.owner.has(x), `nobody computes ${x.primitive.name}`);
  for (const c of fused.clusters) {
    need(c.outputs.length > 0, "a kernel without results");
    need(bindingsOf(fused, c).length <= profile.maxBindings, "a kernel binds too many buffers");
    for (const x of c.outputs) need(fused.owner.get(x) === c, `${x.primitive.name} has two kernels`);
  }
}

/** Every kernel comes after those whose results it reads. */
export function checkOrdered(fused: FusedProgram): void {
  const done = new Set<unknown>();
  for (const c of fused.clusters) {
    for (const x of sourcesOf(fused, c)) {
      need(isGiven(x) || done.has(fused.owner.get(x)), `${x.primitive.name} is read before it is written`);
    }
    for (const each of c.bundled ?? [c]) done.add(each);
  }
}
