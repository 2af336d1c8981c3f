// Runs whole plans on the CPU (see wgsl-run.ts), and checks them against the rules of WebGPU on the way.
import { buildPlan } from "../../engine/compile/build-plan.ts";
import type { Plan, PlanStep } from "../../engine/compile/plan.ts";
import { type Profile, softwareProfile } from "../../engine/compile/profile.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { withDebug } from "../../engine/core/debug.ts";
import type { HostData } from "../../engine/core/dtype.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import { ops } from "../../engine/ops/build.ts";
import { fromDeviceBytes, toDeviceBytes } from "../../engine/runtime/storage.ts";
import { bindingBytes, MAX_GROUPS } from "../../kernels/program.ts";
import { Memory, type Range, runKernel } from "./wgsl-run.ts";

export interface RunOptions {
  readonly profile?: Profile;
  readonly fuse?: boolean;
  /** Sees the plan before it runs. */
  readonly watch?: (plan: Plan) => void;
}

/** Builds the plan of a graph as `evaluate` would, checks it, and runs it on the CPU. */
export function runOnHost(
  outputs: readonly GraphNode[],
  given: ReadonlyMap<GraphNode, HostData>,
  options: RunOptions = {},
): HostData[] {
  const { inputs } = describeProgram(outputs);
  const plan = planOf(outputs, options);
  options.watch?.(plan);
  return runPlan(
    plan,
    inputs.map((x) => given.get(x) as HostData),
    outputs.map((x) => x),
  );
}

/** The plan of a graph whose inputs are its `input` nodes. */
export function planOf(outputs: readonly GraphNode[], { profile, fuse = true }: RunOptions = {}): Plan {
  const { inputs } = describeProgram(outputs);
  return withDebug({ fuse, verify: true }, () =>
    buildPlan({ inputs, outputs }, profile ?? softwareProfile, ops),
  );
}

/** Runs a plan; `like` gives dtype and shape of its outputs. */
export function runPlan(
  plan: Plan,
  inputs: readonly HostData[],
  like: readonly Pick<GraphNode, "dtype" | "shape">[],
): HostData[] {
  checkPlan(plan);
  const pools = plan.pools.map((bytes) => new Memory(bytes));
  const given = new Map<number, Memory>();
  const made = new Map<number, Memory>();
  const ranges = plan.values.map(({ place, bytes, dtype }): Range => {
    if (place.kind === "pool") return { memory: pools[place.pool] as Memory, offset: place.offset, bytes };
    const table = place.kind === "input" ? given : made;
    let memory = table.get(place.index);
    if (!memory) {
      memory = new Memory(bytes);
      table.set(place.index, memory);
      if (place.kind === "input") {
        new Uint8Array(memory.bytes).set(toDeviceBytes(dtype, inputs[place.index] as HostData));
        memory.valid.fill(1);
      }
    }
    return { memory, offset: 0, bytes };
  });
  const seen = new Set<number>();
  for (const step of plan.steps) {
    for (const v of step.values) {
      if (seen.has(v)) continue;
      seen.add(v);
      // Room that another value has left behind holds nothing.
      const { memory, offset, bytes } = ranges[v] as Range;
      if (plan.values[v]?.place.kind === "pool") memory.valid.fill(0, offset / 2, (offset + bytes) / 2);
    }
    try {
      runKernel(
        step.program,
        step.values.map((v) => ranges[v] as Range),
      );
    } catch (error) {
      throw new Error(`${step.program.name}: ${(error as Error).message}\n${step.program.wgsl}`, {
        cause: error,
      });
    }
  }
  return plan.outputs.map((output, i) => {
    const { dtype, shape } = like[i] as GraphNode;
    const length = sizeOf(shape);
    if (output.kind === "input" && !output.updated) return inputs[output.index] as HostData;
    if (length === 0) return fromDeviceBytes(dtype, new ArrayBuffer(0), 0);
    const range =
      output.kind === "value"
        ? (ranges[output.value] as Range)
        : { memory: given.get(output.index) as Memory, offset: 0, bytes: 0 };
    const units = length * (dtype === "f16" ? 1 : 2);
    const missing = range.memory.valid.subarray(range.offset / 2, range.offset / 2 + units).indexOf(0);
    if (missing >= 0)
      throw new Error(`output ${i}: element ${missing / (dtype === "f16" ? 1 : 2)} is never written`);
    return fromDeviceBytes(dtype, range.memory.bytes.slice(range.offset), length);
  });
}

/** What every plan must obey, whatever it computes. */
export function checkPlan(plan: Plan): void {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  plan.steps.forEach((step, s) => {
    checkStep(plan, step);
    for (const v of step.values) {
      if (!first.has(v)) {
        first.set(v, s);
        const { place } = plan.values[v] as Plan["values"][number];
        if (place.kind !== "input" && accessOf(step, v) === "read")
          throw new Error(`${step.program.name} reads value ${v} before any kernel writes it`);
      }
      last.set(v, s);
    }
  });
  checkOverlaps(plan, first, last);
  for (const output of plan.outputs) {
    if (output.kind !== "value" || output.value < 0) continue;
    if (!first.has(output.value)) throw new Error("an output that no kernel writes");
    if (plan.values[output.value]?.place.kind !== "output") throw new Error("an output in a pool");
  }
}

/** How a step uses a value: "read", "write" or "inout". */
function accessOf(step: PlanStep, value: number): string {
  const kinds = new Set(
    step.values.flatMap((v, i) => (v === value ? [step.program.bindings[i]?.access as string] : [])),
  );
  return kinds.size === 1 ? ([...kinds][0] as string) : "inout";
}

function checkStep(plan: Plan, { program, values }: PlanStep): void {
  const fail = (problem: string) => {
    throw new Error(`${program.name}: ${problem}`);
  };
  if (values.length !== program.bindings.length) fail(`${values.length} operands for its bindings`);
  if (values.length > 8) fail(`${values.length} bindings`);
  if (program.workgroups.some((n) => n < 1 || n > MAX_GROUPS)) fail(`${program.workgroups} workgroups`);
  const usage = new Map<string, string>();
  values.forEach((v, i) => {
    const value = plan.values[v] as Plan["values"][number];
    const binding = program.bindings[i] as PlanStep["program"]["bindings"][number];
    if (value.dtype !== binding.dtype) fail(`binds ${value.dtype} as ${binding.dtype}`);
    if (bindingBytes(binding) > value.bytes) fail(`binds ${bindingBytes(binding)} bytes of ${value.bytes}`);
    const { place } = value;
    const buffer = place.kind === "pool" ? `pool ${place.pool}` : `${place.kind} ${place.index}`;
    const use = binding.access === "read" ? "read" : "write";
    if ((usage.get(buffer) ?? use) !== use) fail(`${buffer} is read and written`);
    usage.set(buffer, use);
    if (place.kind !== "pool") return;
    if (place.offset % 256 !== 0) fail(`offset ${place.offset} is not aligned`);
    if (place.offset + value.bytes > (plan.pools[place.pool] as number))
      fail(`value ${v} ends outside its pool`);
  });
  const writes = values.filter((_, i) => program.bindings[i]?.access !== "read");
  if (new Set(writes).size < writes.length) fail("writes one value through two bindings");
}

/** Values that are alive at one time must not share bytes. */
function checkOverlaps(
  plan: Plan,
  first: ReadonlyMap<number, number>,
  last: ReadonlyMap<number, number>,
): void {
  const pooled = plan.values.flatMap((value, v) =>
    value.place.kind === "pool" ? [{ v, ...value.place, end: value.place.offset + value.bytes }] : [],
  );
  pooled.forEach((a, i) => {
    for (const b of pooled.slice(i + 1)) {
      if (a.pool !== b.pool || a.offset >= b.end || b.offset >= a.end) continue;
      const apart =
        (last.get(a.v) as number) < (first.get(b.v) as number) ||
        (last.get(b.v) as number) < (first.get(a.v) as number);
      if (!apart) throw new Error(`values ${a.v} and ${b.v} are alive at one time in the same bytes`);
    }
  });
}
