import { debug } from "../core/debug.ts";
import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Plan } from "../ir/plan.ts";
import type { GraphOps } from "../ir/primitive.ts";
import { bundle } from "./bundle.ts";
import { expandRewrites } from "./expand.ts";
import { flatten } from "./flatten.ts";
import { fuse } from "./fuse.ts";
import { type FusedProgram, isGiven } from "./fused-program.ts";
import type { Replacements } from "./in-place.ts";
import { orderKernels, StillNeeded } from "./order.ts";
import { checkFused, checkOrdered, checkTensors } from "./pass-rules.ts";
import { place } from "./place.ts";
import { printFused, printProgram } from "./print.ts";
import type { Program } from "./program.ts";
import { simplify } from "./simplify.ts";
import { splitLongSums } from "./split.ts";

/** Outputs that replace an input: output number to input number. */
export type Updates = ReadonlyMap<number, number>;

/** What a pass has made: printed and checked where that is asked for. */
function passed<T>(name: string, after: T, print: (after: T) => string, check?: (after: T) => void): T {
  if (debug.verify) check?.(after);
  if (debug.level >= 5) debug.print(`-- after ${name}\n${print(after)}`);
  return after;
}

const passedTensors = (name: string, after: Program) => passed(name, after, printProgram, checkTensors);

/** Turns a program into a plan: expand, simplify, split long sums, fuse, flatten, order, bundle, place. */
export function buildPlan(
  program: Program,
  profile: Profile,
  o: GraphOps,
  updates: Updates = new Map(),
): Plan {
  const expanded = passedTensors("expand", expandRewrites(program, o));
  const simple = passedTensors("simplify", simplify(expanded, o));
  const split = passedTensors("split long sums", splitLongSums(simple, profile, o));
  // A reshape of a stored value is that value: nothing is computed for it.
  const wanted = { inputs: split.inputs, outputs: split.outputs.map(withoutReshape) };
  const computed = {
    inputs: wanted.inputs,
    outputs: [...new Set(wanted.outputs.filter((x) => !isGiven(wanted, x) && sizeOf(x.shape) > 0))],
  };
  let replaces: Replacements = replacementsOf(wanted, updates);
  for (;;) {
    try {
      return place(fuseAndOrder(computed, profile, replaces, o), wanted, profile);
    } catch (error) {
      if (!(error instanceof StillNeeded)) throw error;
      const { results } = error;
      replaces = new Map([...replaces].filter(([x]) => !results.includes(x)));
    }
  }
}

function fuseAndOrder(program: Program, profile: Profile, replaces: Replacements, o: GraphOps): FusedProgram {
  const options = { profile, enabled: debug.fuse, replaces };
  const fused = passed("fuse", fuse(program, options), printFused, (f) => checkFused(f, profile));
  const flat = debug.fuse ? passed("flatten", flatten(fused, o, profile), printFused) : fused;
  const ordered = passed("order", orderKernels(flat), printFused, checkOrdered);
  return debug.fuse ? passed("bundle", bundle(ordered, profile), printFused, checkOrdered) : ordered;
}

/** Results that take the place of an input which is not wanted itself. */
function replacementsOf(wanted: Program, updates: Updates): Map<GraphNode, GraphNode> {
  const kept = new Set(wanted.outputs.filter((x) => isGiven(wanted, x)));
  const replaces = new Map<GraphNode, GraphNode>();
  for (const [output, input] of updates) {
    const x = wanted.outputs[output] as GraphNode;
    const old = wanted.inputs[input] as GraphNode;
    if (!isGiven(wanted, x) && !replaces.has(x) && !kept.has(old)) replaces.set(x, old);
  }
  return replaces;
}

function withoutReshape(x: GraphNode): GraphNode {
  let node = x;
  while (node.primitive.name === "reshape" && !node.stored) node = node.inputs[0] as GraphNode;
  return node;
}
