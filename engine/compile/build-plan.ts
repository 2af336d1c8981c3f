import { debug } from "../core/debug.ts";
import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Plan } from "../ir/plan.ts";
import type { GraphOps } from "../ir/primitive.ts";
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

/** A pass: its name, what it does, and the rules that hold before and after it. */
interface Pass<A, B> {
  readonly name: string;
  readonly run: (before: A) => B;
  readonly print: (after: B) => string;
  readonly check: (after: B) => void;
}

function runPass<A, B>(pass: Pass<A, B>, before: A): B {
  const after = pass.run(before);
  if (debug.verify) pass.check(after);
  if (debug.level >= 5) debug.print(`-- after ${pass.name}\n${pass.print(after)}`);
  return after;
}

/** Turns a program into a plan: expand, simplify, split long sums, fuse, flatten, order, place. */
export function buildPlan(
  program: Program,
  profile: Profile,
  o: GraphOps,
  updates: Updates = new Map(),
): Plan {
  const expanded = runPass(
    { name: "expand", run: (p: Program) => expandRewrites(p, o), print: printProgram, check: checkTensors },
    program,
  );
  const simple = runPass(
    { name: "simplify", run: (p: Program) => simplify(p, o), print: printProgram, check: checkTensors },
    expanded,
  );
  const split = runPass(
    {
      name: "split long sums",
      run: (p: Program) => splitLongSums(p, profile, o),
      print: printProgram,
      check: checkTensors,
    },
    simple,
  );
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
  const fused = runPass(
    {
      name: "fuse",
      run: (p: Program) => fuse(p, { profile, enabled: debug.fuse, replaces }),
      print: printFused,
      check: (f) => checkFused(f, profile),
    },
    program,
  );
  const flat = debug.fuse
    ? runPass(
        {
          name: "flatten",
          run: (f: FusedProgram) => flatten(f, o, profile),
          print: printFused,
          check: () => undefined,
        },
        fused,
      )
    : fused;
  return runPass({ name: "order", run: orderKernels, print: printFused, check: checkOrdered }, flat);
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
