import { emitKernel } from "../../kernels/kernel.ts";
import { debug } from "../core/debug.ts";
import { bufferBytes } from "../core/dtype.ts";
import { DeviceLimitError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { GraphNode } from "../ir/node.ts";
import type { GraphOps } from "../ir/primitive.ts";
import type { Cluster } from "./cluster.ts";
import { expandRewrites } from "./expand.ts";
import { fuse } from "./fuse.ts";
import { type FusedProgram, isGiven } from "./fused-program.ts";
import { overwritten, type Replacements } from "./in-place.ts";
import { type Lowered, lowerCluster, type Operand } from "./lower.ts";
import { planPools, type Tenant } from "./memory.ts";
import { orderKernels, StillNeeded } from "./order.ts";
import { checkFused, checkOrdered, checkTensors } from "./pass-rules.ts";
import type { Plan, PlanOutput, PlanStep, PlanValue } from "./plan.ts";
import { printFused, printProgram } from "./print.ts";
import type { Profile } from "./profile.ts";
import type { Program } from "./program.ts";
import { simplify } from "./simplify.ts";

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

/** Turns a program into a plan: expand, simplify, fuse, order, plan memory, lower. */
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
  // A reshape of a stored value is that value: nothing is computed for it.
  const wanted = { inputs: simple.inputs, outputs: simple.outputs.map(withoutReshape) };
  const computed = {
    inputs: wanted.inputs,
    outputs: [...new Set(wanted.outputs.filter((x) => !isGiven(wanted, x) && sizeOf(x.shape) > 0))],
  };
  let replaces: Replacements = replacementsOf(wanted, updates);
  for (;;) {
    try {
      return place(fuseAndOrder(computed, profile, replaces), wanted, profile);
    } catch (error) {
      if (!(error instanceof StillNeeded)) throw error;
      const { results } = error;
      replaces = new Map([...replaces].filter(([x]) => !results.includes(x)));
    }
  }
}

function fuseAndOrder(program: Program, profile: Profile, replaces: Replacements): FusedProgram {
  const fused = runPass(
    {
      name: "fuse",
      run: (p: Program) => fuse(p, { profile, enabled: debug.fuse, replaces }),
      print: printFused,
      check: (f) => checkFused(f, profile),
    },
    program,
  );
  return runPass({ name: "order", run: orderKernels, print: printFused, check: checkOrdered }, fused);
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

/** Decides which buffer each value lies in, and writes the kernels. */
function place(fused: FusedProgram, wanted: Program, profile: Profile): Plan {
  const inPlace = new Map(fused.clusters.flatMap((c) => [...overwritten(fused, c)]));
  const lowered = fused.clusters.map((c) => lowerCluster(fused, c, profile, inPlace));
  const sequence: { kernel: Lowered; cluster: Cluster }[] = lowered.flatMap((list, i) =>
    list.map((kernel) => ({ kernel, cluster: fused.clusters[i] as Cluster })),
  );
  const numbers = new Map<Operand, number>();
  const values: { operand: Operand; first: number; last: number }[] = [];
  const written: Set<Operand>[] = [];
  const touch = (x: Operand, step: number): number => {
    let number = numbers.get(x);
    if (number === undefined) {
      number = values.push({ operand: x, first: step, last: step }) - 1;
      numbers.set(x, number);
    }
    (values[number] as { last: number }).last = step;
    return number;
  };
  const steps = sequence.map(({ kernel, cluster }, step): PlanStep => {
    const program = emitKernel(kernel.spec);
    checkLimits(kernel, profile, program.name);
    written.push(new Set(kernel.operands.filter((_, i) => program.bindings[i]?.access !== "read")));
    return {
      program,
      values: kernel.operands.map((x) => touch(x, step)),
      ops: [...new Set(cluster.members.map((m) => m.op))],
      notes: cluster.notes,
    };
  });
  const inputOf = new Map<Operand, number>(wanted.inputs.map((x, i) => [x, i]));
  for (const [x, over] of inPlace) inputOf.set(x, inputOf.get(over) as number);
  const outputOf = new Map<Operand, number>();
  wanted.outputs.forEach((x, i) => {
    if (!outputOf.has(x) && !inputOf.has(x) && sizeOf(x.shape) > 0) outputOf.set(x, i);
  });
  const pooled = values
    .map((v, i) => ({ ...v, i }))
    .filter(({ operand }) => !inputOf.has(operand) && !outputOf.has(operand));
  const tenants = pooled.map(
    ({ operand, first, last }): Tenant => ({ bytes: bytesOf(operand), first, last }),
  );
  const conflicts = conflictTable(
    steps,
    written,
    values,
    pooled.map((p) => p.i),
  );
  const { leases, pools } = planPools(
    tenants,
    (a, b) => conflicts.has(pairKey(a, b)),
    profile.maxBufferBytes,
  );
  const leaseOf = new Map(pooled.map(({ i }, j) => [i, leases[j]]));
  const placed = values.map(({ operand }, i): PlanValue => {
    const lease = leaseOf.get(i);
    const input = inputOf.get(operand);
    const spot = lease
      ? ({ kind: "pool", ...lease } as const)
      : input !== undefined
        ? ({ kind: "input", index: input } as const)
        : ({ kind: "output", index: outputOf.get(operand) as number } as const);
    return {
      dtype: operand.dtype,
      shape: operand.shape,
      bytes: bytesOf(operand),
      place: spot,
      op: "scratch" in operand ? "scratch" : operand.op,
    };
  });
  const outputs = wanted.outputs.map((x): PlanOutput => {
    const input = inputOf.get(x);
    if (input !== undefined) return { kind: "input", index: input, updated: inPlace.has(x) };
    return { kind: "value", value: numbers.get(x) ?? -1 };
  });
  return { values: placed, steps, inputs: wanted.inputs.map((x) => numbers.get(x) ?? null), outputs, pools };
}

const bytesOf = (x: Operand): number => bufferBytes(x.dtype, sizeOf(x.shape));
const pairKey = (a: number, b: number): number => (a < b ? a * 1048576 + b : b * 1048576 + a);

/** Pairs of pooled values of which one dispatch reads the one and writes the other. */
function conflictTable(
  steps: readonly PlanStep[],
  written: readonly ReadonlySet<Operand>[],
  values: readonly { operand: Operand }[],
  pooled: readonly number[],
): Set<number> {
  const index = new Map(pooled.map((v, i) => [v, i]));
  const pairs = new Set<number>();
  steps.forEach((step, s) => {
    const mine = step.values.filter((v) => index.has(v));
    const writes = mine.filter((v) => written[s]?.has((values[v] as { operand: Operand }).operand));
    for (const w of writes) {
      for (const r of mine) {
        if (!writes.includes(r)) pairs.add(pairKey(index.get(w) as number, index.get(r) as number));
      }
    }
  });
  return pairs;
}

function checkLimits(kernel: Lowered, profile: Profile, name: string): void {
  for (const x of kernel.operands) {
    const bytes = bytesOf(x);
    const what = `${"scratch" in x ? name : x.op} (${x.dtype}[${x.shape.join(",")}])`;
    if (bytes > profile.maxBindingBytes) {
      throw new DeviceLimitError(
        what,
        "maxStorageBufferBindingSize",
        bytes,
        profile.maxBindingBytes,
        "a smaller batch, or slices of it",
      );
    }
    if (x.dtype === "f16" && !profile.f16)
      throw new DeviceLimitError(what, "shader-f16", 1, 0, 'x.cast("f32")');
  }
}
