import { boundariesOf } from "./boundaries.ts";
import { bytesText } from "./core/bytes-text.ts";
import type { DebugSettings } from "./core/debug.ts";
import type { Plan } from "./ir/plan.ts";

/** A look-up of a plan, as debug level 1 tells of it. */
export interface Lookup {
  /** The compiled function, or the op that is evaluated. */
  readonly name: string;
  readonly hit: boolean;
  /** Kernels that no plan had before. */
  readonly fresh: number;
  /** When making the plan began, in milliseconds of `performance.now()`. */
  readonly started: number;
  /** The call stack of who asked for it. */
  readonly stack: string;
}

/** Debug levels 1, 3 and 4: what was compiled, how long it took, who asked for it, and what became of it. */
export async function describeCompile(
  plan: Plan,
  ready: Promise<unknown> | null,
  lookup: Lookup,
  { level, print }: DebugSettings,
): Promise<void> {
  const { name, hit, fresh, started, stack } = lookup;
  if (!hit && level >= 3) describePlan(plan, level, print);
  // A kernel that does not compile is told to who reads the results.
  await ready?.catch(() => undefined);
  const kernels = `${plan.steps.length} kernels${fresh > 0 ? `, ${fresh} of them new` : ""}`;
  const time = hit ? "hit" : `miss, ${(performance.now() - started).toFixed(1)} ms`;
  print(`${name}: ${kernels}; ${time}; at ${callerLine(stack)}`);
}

function describePlan(plan: Plan, level: number, print: DebugSettings["print"]): void {
  const boundaries = boundariesOf(plan);
  plan.steps.forEach(({ program, ops, notes }, i) => {
    print(`  kernel ${i} ${program.name}: ${ops.join(", ")}`);
    for (const note of [...notes, ...(boundaries[i] as string[])]) print(`    stops at ${note}`);
  });
  const pools = plan.pools.map(bytesText).join(" + ") || "none";
  print(`  memory for intermediate results: ${pools}`);
  if (level < 4) return;
  for (const { name, wgsl } of new Set(plan.steps.map((s) => s.program))) print(`${name}\n${wgsl}`);
}

/** Where the library's own files begin: those of engine/ and kernels/, or the bundle that this is part of. */
const own = import.meta.url.replace(/^file:\/\//, "");
const library = own.endsWith("/engine/describe.ts")
  ? ["engine/", "kernels/", "mod.ts"].map((path) => own.slice(0, -"engine/describe.ts".length) + path)
  : [own.replace(/(chunks\/)?[^/]*$/, "")];

/** Where the library is in one file with the program, its entry points tell it apart. */
const entry = /\b(stackIfTold|evaluate|boundPending|wrap|call|method|asOp|\w*Tensor\.\w+)\d*\b/;

/** File, line and column of the innermost call that is not in the library. */
function callerLine(stack: string): string {
  const frames = stack.split("\n").flatMap((line) => {
    const place = /(?:file:\/\/|(?=\w+:\/\/)|(?=\/)|(?=[A-Z]:\\))([^\s()]+:\d+:\d+)\)?$/.exec(line)?.[1];
    return place ? [{ place, line }] : [];
  });
  const outside = frames.find(({ place }) => !library.some((path) => place.startsWith(path)));
  return (outside ?? frames.find(({ line }) => !entry.test(line)))?.place ?? "an unknown line";
}
