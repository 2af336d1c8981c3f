import { debug } from "../core/debug.ts";
import { bufferBytes, type HostData, isFloat } from "../core/dtype.ts";
import { CheckError, describe } from "../core/errors.ts";
import { float16Bits, float16Value } from "../core/half.ts";
import { sizeOf } from "../core/shape.ts";
import { computeNode } from "../ir/interpret.ts";
import type { GraphNode } from "../ir/node.ts";
import type { Plan, PlanStep } from "../ir/plan.ts";
import type { HostTensor } from "../ir/primitive.ts";
import { type Region, USAGE } from "./buffers.ts";
import { fromDeviceBytes } from "./bytes.ts";
import type { Device } from "./device.ts";

/** A run that goes step by step, with a look at the values after each. */
export interface StepwiseRun {
  readonly device: Device;
  readonly plan: Plan;
  readonly by: string;
  /** Where each input of the graph lies before the first step; null if no step needs it. */
  readonly given: readonly (Region | null)[];
  /** Where each value of the plan lies. */
  readonly regions: readonly Region[];
  /** Gives one step's commands to the GPU. */
  submit(step: number): void;
}

/**
 * Runs a plan step by step and compares what each writes with the float64 reference, fed with what the device has
 * written before (`debug.compare`), or looks for the first NaN (`debug.nanCheck`). Resolves with what it found.
 */
export async function runStepwise(run: StepwiseRun): Promise<CheckError | null> {
  const { plan, device, by } = run;
  const known = new Map<GraphNode, HostTensor>();
  const take = async (node: GraphNode, region: Region): Promise<HostTensor> => {
    const bytes = await readBytes(device, region, bufferBytes(node.dtype, sizeOf(node.shape)));
    const data = fromDeviceBytes(node.dtype, bytes, sizeOf(node.shape));
    return { shape: node.shape, dtype: node.dtype, data: Float64Array.from(data as HostData) };
  };
  for (const [i, node] of plan.given.entries()) {
    const region = run.given[i];
    if (!region) continue;
    const value = await take(node, region);
    if (debug.nanCheck && isBad(value))
      return new CheckError(by, "nan", {
        problem: `input ${i} already holds ${bad()}`,
        got: { input: node },
      });
    known.set(node, value);
  }
  for (const [s, step] of plan.steps.entries()) {
    run.submit(s);
    const written: [GraphNode, HostTensor][] = [];
    for (const { node, value, offset } of step.results) {
      const { buffer, offset: start } = run.regions[value] as Region;
      written.push([node, await take(node, { buffer, offset: start + offset })]);
    }
    for (const [node, value] of written) {
      const found =
        (debug.nanCheck && isBad(value) ? nanIn(step, node, known, by) : null) ??
        (debug.compare ? difference(step, node, value, known, by) : null);
      if (found) return found;
    }
    for (const [node, value] of written) known.set(node, value);
  }
  return null;
}

async function readBytes(device: Device, from: Region, bytes: number): Promise<ArrayBuffer> {
  const { gpu } = device;
  const staging = gpu.createBuffer({ size: bytes, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(from.buffer.gpu, from.offset, staging, 0, bytes);
  gpu.queue.submit([encoder.finish()]);
  try {
    await staging.mapAsync(1);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}

/** Whether a value holds what `debug.nanCheck` looks for. */
const isBad = (x: HostTensor): boolean =>
  isFloat(x.dtype) && x.data.some(debug.nanCheck === "infinity" ? (v) => !Number.isFinite(v) : Number.isNaN);
const bad = (): string => (debug.nanCheck === "infinity" ? "infinity" : "NaN");

/** What a node needs that is not known, in the order of computing it; itself last. */
function missing(root: GraphNode, known: ReadonlyMap<GraphNode, HostTensor>): GraphNode[] {
  const order: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  const stack: { node: GraphNode; next: number }[] = [{ node: root, next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const input = top.node.inputs[top.next++];
    if (!input) {
      order.push(top.node);
      stack.pop();
    } else if (!known.has(input) && !seen.has(input)) {
      seen.add(input);
      stack.push({ node: input, next: 0 });
    }
  }
  return order;
}

/** The op inside a kernel that makes the first NaN of what the kernel writes. */
function nanIn(
  { program, ops }: PlanStep,
  root: GraphNode,
  known: ReadonlyMap<GraphNode, HostTensor>,
  by: string,
): CheckError {
  const values = new Map(known);
  for (const node of missing(root, known)) {
    const value = asStored(computeNode(node, values));
    values.set(node, value);
    if (!isBad(value)) continue;
    const got = Object.fromEntries(node.inputs.map((x, i) => [`operand ${i}`, extremes(values.get(x))]));
    return new CheckError(
      by,
      "nan",
      {
        problem: `${node.op} makes the first ${bad()} (${node.primitive.name} in kernel ${program.name})`,
        got: { result: node, ...got },
      },
      { kernel: program.name, ops: [node.op] },
    );
  }
  // The reference finds none, so it comes of how the kernel computes.
  return new CheckError(
    by,
    "nan",
    {
      problem: `kernel ${program.name} (${ops.join(", ")}) makes the first ${bad()}, and the reference none`,
      got: { result: root },
    },
    { kernel: program.name, ops },
  );
}

/** Rounded and overflowing as the dtype does. */
function asStored(x: HostTensor): HostTensor {
  if (x.dtype === "f32") return { ...x, data: x.data.map(Math.fround) };
  return x.dtype === "f16" ? { ...x, data: x.data.map((v) => float16Value(float16Bits(v))) } : x;
}

function extremes(x: HostTensor | undefined): string {
  if (!x) return "unknown";
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of x.data) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  return `${describe(x)} from ${low} to ${high}`;
}

/** Ops whose result jumps, so that a rounding error in an operand can change it altogether. */
const JUMPS = /^(floor|ceil|round|trunc|sign|remainder|mod|arg|sort|less|greater|equal|notEqual)/;
/** Of so many elements one may come out on the other side of a jump. */
const ONE_IN = 500;

/** Where and how much a result differs from the reference. */
function difference(
  { program, ops }: PlanStep,
  node: GraphNode,
  got: HostTensor,
  known: ReadonlyMap<GraphNode, HostTensor>,
  by: string,
): CheckError | null {
  const values = new Map(known);
  const order = missing(node, known);
  for (const x of order) values.set(x, computeNode(x, values));
  const want = values.get(node) as HostTensor;
  const exact = !isFloat(node.dtype);
  const jumps = exact || order.some((x) => !isFloat(x.dtype) || JUMPS.test(x.primitive.name));
  const scale = largest(want);
  const operands = Math.max(0, ...order.flatMap((x) => x.inputs).map((x) => largest(known.get(x))));
  const unit = node.dtype === "f16" ? 2e-3 : 1e-3;
  const slack = exact ? 0 : unit * scale + 1e-5 * operands;
  let worst = -1;
  let error = 0;
  let wrong = 0;
  for (let i = 0; i < want.data.length; i++) {
    const e = distance(got.data[i] as number, want.data[i] as number);
    if (e <= slack + (exact ? 0 : unit * Math.abs(want.data[i] as number))) continue;
    wrong++;
    if (e > error) {
      error = e;
      worst = i;
    }
  }
  if (wrong <= (jumps ? Math.floor(want.data.length / ONE_IN) : 0)) return null;
  const index = unflatten(worst, node.shape);
  return new CheckError(
    by,
    "compare",
    {
      problem: `kernel ${program.name} (${ops.join(", ")}) differs from the reference in ${wrong} of ${want.data.length} elements`,
      got: {
        result: node,
        op: node.op,
        [`[${index}]`]: got.data[worst] as number,
        reference: want.data[worst] as number,
      },
    },
    { kernel: program.name, ops },
  );
}

/** Infinite where one is a number and the other is none; beyond f32's range all is alike. */
function distance(got: number, want: number): number {
  if (Object.is(got, want) || got === want || (Number.isNaN(got) && Number.isNaN(want))) return 0;
  if (Math.sign(got) === Math.sign(want) && Math.abs(got) > 3e38 && Math.abs(want) > 3e38) return 0;
  const e = Math.abs(got - want);
  return Number.isNaN(e) ? Number.POSITIVE_INFINITY : e;
}

const largest = (x: HostTensor | undefined): number =>
  x
    ? x.data.reduce((m, v) => (Number.isFinite(v) && Math.abs(v) < 1e30 ? Math.max(m, Math.abs(v)) : m), 0)
    : 0;

function unflatten(index: number, shape: readonly number[]): string {
  const position: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    position.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return position.join(",");
}
