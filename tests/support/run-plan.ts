// Runs whole plans on the CPU (see wgsl-run.ts), and checks them against the rules of WebGPU on the way.
import { buildPlan, passTools } from "../../engine/compile/build-plan.ts";
import { describeProgram } from "../../engine/compile/program.ts";
import { withDebug } from "../../engine/core/debug.ts";
import { allocateHost, type DType, type HostData } from "../../engine/core/dtype.ts";
import { float16Bits, float16Value } from "../../engine/core/half.ts";
import { type Profile, softwareProfile } from "../../engine/core/profile.ts";
import { sizeOf } from "../../engine/core/shape.ts";
import type { GraphNode } from "../../engine/ir/node.ts";
import type { Place, Plan, PlanOutput, PlanStep, PlanValue } from "../../engine/ir/plan.ts";
import { ops } from "../../engine/ops/build.ts";
import { loadSoftware } from "../../kernels/late.ts";
import { bindingBytes, MAX_GROUPS } from "../../kernels/program.ts";
import { Memory, type Range, runKernel } from "./wgsl-run.ts";

await withDebug({ verify: true }, passTools);
await loadSoftware();

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
  const buffers = new Buffers(plan, inputs);
  const seen = new Set<number>();
  for (const step of plan.steps) {
    for (const v of step.values) {
      if (!seen.has(v)) buffers.enter(v, seen);
      seen.add(v);
    }
    try {
      runKernel(
        step.program,
        step.values.map((v) => buffers.rangeOf(v)),
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
    const { memory, offset } = buffers.resultOf(output);
    const unit = dtype === "f16" ? 1 : 2;
    const missing = memory.valid.subarray(offset / 2, offset / 2 + length * unit).indexOf(0);
    if (missing >= 0) throw new Error(`output ${i}: element ${missing / unit} is never written`);
    return fromDeviceBytes(dtype, memory.bytes.slice(offset), length);
  });
}

/** The memory of one run. */
class Buffers {
  private readonly plan: Plan;
  private readonly inputs: readonly HostData[];
  private readonly pools: readonly Memory[];
  private readonly blocks: readonly Memory[];
  private readonly given = new Map<number, Memory>();
  private readonly made = new Map<number, Memory>();

  constructor(plan: Plan, inputs: readonly HostData[]) {
    this.plan = plan;
    this.inputs = inputs;
    this.pools = plan.pools.map((bytes) => new Memory(bytes));
    this.blocks = plan.blocks.map(({ bytes, segments }) => {
      const memory = new Memory(bytes);
      // What lies between segments may be read and written by whoever works on all of them at once.
      memory.valid.fill(1);
      for (const s of segments) {
        memory.valid.fill(0, s.offset / 2, (s.offset + s.bytes) / 2);
        if (s.input !== null) this.fill(memory, s.offset, s.input);
      }
      return memory;
    });
    for (const c of plan.copies) {
      const pool = this.pools[c.pool] as Memory;
      this.fill(pool, c.offset, c.input);
    }
  }

  rangeOf(v: number): Range {
    const { place, bytes } = this.plan.values[v] as PlanValue;
    if (place.kind === "pool")
      return { memory: this.pools[place.pool] as Memory, offset: place.offset, bytes };
    if (place.kind === "block")
      return { memory: this.blocks[place.block] as Memory, offset: place.offset, bytes };
    if (place.kind === "input") return { memory: this.input(place.index), offset: 0, bytes };
    const memory = this.made.get(place.index) ?? new Memory(bytes);
    this.made.set(place.index, memory);
    return { memory, offset: 0, bytes };
  }

  resultOf(output: PlanOutput): { memory: Memory; offset: number } {
    if (output.kind === "value") return this.rangeOf(output.value);
    if (output.kind === "block")
      return { memory: this.blocks[output.block] as Memory, offset: output.offset };
    return { memory: this.input(output.index), offset: 0 };
  }

  /** A value's first use: the room that another has left behind holds nothing, but for parts that are there already. */
  enter(v: number, seen: ReadonlySet<number>): void {
    const { plan } = this;
    const { place } = plan.values[v] as PlanValue;
    if (place.kind !== "pool") return;
    const { memory, offset, bytes } = this.rangeOf(v);
    const inside = (c: { pool: number; offset: number }) =>
      c.pool === place.pool && c.offset >= offset && c.offset < offset + bytes;
    const parts: { offset: number; bytes: number }[] = [
      ...partsOf(plan, v)
        .filter((p) => seen.has(p))
        .map((p) => this.rangeOf(p)),
      ...plan.copies.filter(inside),
    ];
    if (parts.length > 0) {
      // Laid out in parts: what lies between them is no value.
      const covered = new Set<number>();
      for (const part of parts)
        for (let i = part.offset / 2; i < (part.offset + part.bytes) / 2; i++) covered.add(i);
      for (let i = offset / 2; i < (offset + bytes) / 2; i++) if (!covered.has(i)) memory.valid[i] = 1;
    } else if (wholeOf(plan, v).every((w) => !seen.has(w))) {
      memory.valid.fill(0, offset / 2, (offset + bytes) / 2);
    }
  }

  private input(index: number): Memory {
    const known = this.given.get(index);
    if (known) return known;
    // Not always a value that a kernel reads: it may only be written over.
    const { dtype, bytes } = this.plan.values.find(
      ({ place }) => place.kind === "input" && place.index === index,
    ) as PlanValue;
    const memory = new Memory(bytes);
    new Uint8Array(memory.bytes).set(toDeviceBytes(dtype, this.inputs[index] as HostData));
    memory.valid.fill(1);
    this.given.set(index, memory);
    return memory;
  }

  private fill(memory: Memory, offset: number, input: number): void {
    const data = this.inputs[input] as HostData;
    // Copies are of 4-byte elements; f16 is not laid out in parts by these tests.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(memory.bytes).set(bytes, offset);
    memory.valid.fill(1, offset / 2, (offset + bytes.length) / 2);
  }
}

/** The values that lie within the room of another one, which is all of them at once. */
function partsOf(plan: Plan, v: number): number[] {
  return plan.values.flatMap((_, w) => (w !== v && contains(plan, v, w) ? [w] : []));
}

const wholeOf = (plan: Plan, v: number): number[] =>
  plan.values.flatMap((_, w) => (w !== v && contains(plan, w, v) ? [w] : []));

function contains(plan: Plan, whole: number, part: number): boolean {
  const [a, b] = [plan.values[whole] as PlanValue, plan.values[part] as PlanValue];
  if (a.place.kind !== "pool" || b.place.kind !== "pool" || a.place.pool !== b.place.pool) return false;
  const [start, end] = [a.place.offset, a.place.offset + a.bytes];
  return a.bytes > b.bytes && start <= b.place.offset && b.place.offset + b.bytes <= end;
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
        const filled = place.kind === "input" || place.kind === "block" || plan.copies.length > 0;
        const related = [...partsOf(plan, v), ...wholeOf(plan, v)].some((w) => first.has(w));
        if (!filled && !related && accessOf(step, v) === "read")
          throw new Error(`${step.program.name} reads value ${v} before any kernel writes it`);
      }
      last.set(v, s);
    }
  });
  checkOverlaps(plan, first, last);
  for (const output of plan.outputs) {
    if (output.kind === "block") checkBlock(plan, output.block, output.offset);
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

function bufferOf(place: Place): string {
  if (place.kind === "pool") return `pool ${place.pool}`;
  return place.kind === "block" ? `block ${place.block}` : `${place.kind} ${place.index}`;
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
    const buffer = bufferOf(place);
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
      if (contains(plan, a.v, b.v) || contains(plan, b.v, a.v)) continue;
      const apart =
        (last.get(a.v) as number) < (first.get(b.v) as number) ||
        (last.get(b.v) as number) < (first.get(a.v) as number);
      if (!apart) throw new Error(`values ${a.v} and ${b.v} are alive at one time in the same bytes`);
    }
  });
}

function checkBlock(plan: Plan, block: number, offset: number): void {
  const segments = plan.blocks[block]?.segments ?? [];
  if (!segments.some((s) => s.offset === offset)) throw new Error("an output that is no part of its block");
  const sorted = [...segments].sort((a, b) => a.offset - b.offset);
  sorted.forEach((s, i) => {
    const next = sorted[i + 1];
    if (next && s.offset + s.bytes > next.offset) throw new Error("parts of a block overlap");
  });
}

/** Host data as kernels see it: booleans as u32, halves in two bytes. */
function toDeviceBytes(dtype: DType, host: HostData): Uint8Array {
  const data =
    dtype === "bool"
      ? Uint32Array.from(host)
      : dtype === "f16"
        ? Uint16Array.from(host, (x) => float16Bits(x))
        : host;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function fromDeviceBytes(dtype: DType, bytes: ArrayBuffer, length: number): HostData {
  const out = allocateHost(dtype, length);
  if (dtype === "f16") out.set(Array.from(new Uint16Array(bytes, 0, length), float16Value));
  else if (dtype === "f32") out.set(new Float32Array(bytes, 0, length));
  else out.set(dtype === "i32" ? new Int32Array(bytes, 0, length) : new Uint32Array(bytes, 0, length));
  return out;
}
