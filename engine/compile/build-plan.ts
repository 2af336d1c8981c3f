import { debug } from "../core/debug.ts";
import type { Profile } from "../core/profile.ts";
import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Plan } from "../ir/plan.ts";
import type { GraphOps } from "../ir/primitive.ts";
import { bundle } from "./bundle.ts";
import { expandRewrites } from "./expand.ts";
import { flatten } from "./flatten.ts";
import { BetterKept, fuse } from "./fuse.ts";
import { type FusedProgram, isGiven } from "./fused-program.ts";
import { halveKept } from "./halve.ts";
import { orderKernels, StillNeeded } from "./order.ts";
import { place } from "./place.ts";
import type { Program } from "./program.ts";
import { recomputeOld } from "./recompute.ts";
import { reuseOperands } from "./reuse.ts";
import { simplify } from "./simplify.ts";
import { splitLongSums } from "./split.ts";

/** Outputs that replace an input: output number to input number. */
export type Updates = ReadonlyMap<number, number>;

/** What prints and checks passes. */
let tools: typeof import("./watch-passes.ts") | undefined;
let loading: Promise<unknown> | undefined;

const watched = () => debug.verify || debug.level >= 5;

/** Loads what prints and checks passes, if that is asked for and has not been done. Plans are to be made after it. */
export function passTools(): Promise<unknown> | undefined {
  if (!watched() || tools) return undefined;
  if (!loading) {
    const module = import("./watch-passes.ts");
    // First of all that wait for it, so that nothing goes between those.
    void module.then((loaded) => {
      tools = loaded;
    });
    loading = module;
  }
  return loading;
}

/** What a pass has made: printed and checked where that is asked for. */
function passed<T extends Program | FusedProgram>(name: string, after: T, profile: Profile): T {
  if (!watched()) return after;
  const { verify, level, print } = debug;
  const watch = () => tools?.watchPass(name, after, profile, { verify, print: level >= 5 ? print : null });
  // Only a plan that is asked for by itself, as `explain` does, may be the first: what is wrong with it is told late.
  const later = passTools();
  if (later) void later.then(watch);
  else watch();
  return after;
}

/** Turns a program into a plan: expand, simplify, split long sums, halve, recompute, fuse, flatten, order, bundle, reuse, place. */
export function buildPlan(
  program: Program,
  profile: Profile,
  o: GraphOps,
  updates: Updates = new Map(),
): Plan {
  const expanded = passed("expand", expandRewrites(program, profile, o), profile);
  const simple = passed("simplify", simplify(expanded, o), profile);
  const split = passed("split long sums", splitLongSums(simple, profile, o), profile);
  const halved = program.activations === "f16" ? halveKept(split, o, profile) : split;
  const keep = new Set<GraphNode>();
  let replacing = updates;
  for (;;) {
    const { program: last, ...kept } = recomputeOld(halved, keep, profile);
    // A reshape of a stored value is that value: nothing is computed for it.
    const wanted = { inputs: last.inputs, outputs: last.outputs.map(withoutReshape) };
    const computed = {
      inputs: wanted.inputs,
      outputs: [...new Set(wanted.outputs.filter((x) => !isGiven(x) && sizeOf(x.shape) > 0))],
    };
    const replaces = replacementsOf(wanted, replacing);
    try {
      const fused = fuse(computed, { profile, enabled: debug.fuse, replaces, ...kept });
      passed("fuse", fused, profile);
      return place(inOrder(fused, profile, o), wanted, profile);
    } catch (error) {
      if (error instanceof BetterKept) for (const x of error.values) keep.add(x);
      else if (error instanceof StillNeeded) {
        const { results } = error;
        replacing = new Map(
          [...replacing].filter(([i]) => !results.includes(wanted.outputs[i] as GraphNode)),
        );
      } else throw error;
    }
  }
}

function inOrder(fused: FusedProgram, profile: Profile, o: GraphOps): FusedProgram {
  const flat = debug.fuse ? passed("flatten", flatten(fused, o, profile), profile) : fused;
  const ordered = passed("order", orderKernels(flat), profile);
  if (!debug.fuse) return ordered;
  const bundled = passed("bundle", bundle(ordered, profile), profile);
  return passed("reuse", reuseOperands(bundled), profile);
}

/** Results that take the place of an input which is not wanted itself. */
function replacementsOf(wanted: Program, updates: Updates): Map<GraphNode, GraphNode> {
  const kept = new Set(wanted.outputs.filter((x) => isGiven(x)));
  const replaces = new Map<GraphNode, GraphNode>();
  for (const [output, input] of updates) {
    const x = wanted.outputs[output] as GraphNode;
    const old = wanted.inputs[input] as GraphNode;
    if (!isGiven(x) && !replaces.has(x) && !kept.has(old)) replaces.set(x, old);
  }
  return replaces;
}

function withoutReshape(x: GraphNode): GraphNode {
  let node = x;
  while (node.primitive.name === "reshape" && !node.stored) node = node.inputs[0] as GraphNode;
  return node;
}
