// Runs kernels on the CPU by their WGSL, without a driver: all accesses in range, nothing read before it was
// written, no two threads at one element. A GPU hides all of these.
import { float16Bits, float16Value } from "../../engine/core/half.ts";
import type { KernelProgram } from "../../kernels/program.ts";
import { translate } from "./wgsl-compile.ts";
import { type Module, parseWgsl, type Variable } from "./wgsl-parse.ts";

/** A buffer, and for each 2 bytes of it whether they hold values and who touched them last. */
export class Memory {
  readonly bytes: ArrayBuffer;
  readonly valid: Uint8Array;
  /** The last to write, the first of this launch to read, and the last. */
  readonly writers: Int32Array;
  readonly firstReaders: Int32Array;
  readonly lastReaders: Int32Array;
  /** The phase in which several threads have read. */
  readonly crowds: Int32Array;

  /** Filled with bits that are NaN as f32 and far out of any range as integers. */
  constructor(bytes: number) {
    this.bytes = new ArrayBuffer(Math.ceil(bytes / 4) * 4);
    new Uint32Array(this.bytes).fill(0x7fc0dead);
    const units = this.bytes.byteLength / 2;
    this.valid = new Uint8Array(units);
    this.writers = new Int32Array(units);
    this.firstReaders = new Int32Array(units);
    this.lastReaders = new Int32Array(units);
    this.crowds = new Int32Array(units);
  }
}

export interface Range {
  readonly memory: Memory;
  readonly offset: number;
  readonly bytes: number;
}

export class KernelFault extends Error {
  override name = "KernelFault";
}

/** Marks an element of workgroup memory that several threads have read. */
const MANY = -1;
/**
 * Threads are numbered on from launch to launch, from workgroup to workgroup and from storage barrier to storage
 * barrier, so that marks tell who it was and when: before this launch, in another workgroup, or in this one before
 * its last barrier.
 */
const numbers = { launch: 1, workgroup: 1, phase: 1, next: 1 };

/** Whether nothing orders what left the mark before what `thread` does now. */
const unordered = (mark: number, thread: number): boolean =>
  mark >= numbers.launch && mark !== thread && (mark < numbers.workgroup || mark >= numbers.phase);

type View = Float32Array | Int32Array | Uint32Array | Uint16Array;

/** A storage binding as generated code sees it. */
class Bound {
  private readonly view: View;
  private readonly memory: Memory;
  private readonly unit: number;
  private readonly per: number;
  private readonly half: boolean;
  private readonly variable: Variable;

  constructor(variable: Variable, range: Range) {
    const { memory, offset } = range;
    this.variable = variable;
    this.memory = memory;
    this.half = variable.element === "f16";
    this.per = this.half ? 1 : 2;
    this.unit = offset / 2;
    const { length } = variable;
    const size = this.half ? 2 : 4;
    if (length * size > range.bytes)
      throw new KernelFault(`${variable.name} has ${length} elements in ${range.bytes} bytes`);
    if (variable.element === "f32") this.view = new Float32Array(memory.bytes, offset, length);
    else if (variable.element === "i32") this.view = new Int32Array(memory.bytes, offset, length);
    else if (variable.element === "u32") this.view = new Uint32Array(memory.bytes, offset, length);
    else if (this.half) this.view = new Uint16Array(memory.bytes, offset, length);
    else throw new KernelFault(`${variable.name} has elements of type ${variable.element}`);
  }

  load(i: number, thread: number): number {
    this.check(i);
    const at = this.unit + i * this.per;
    const { memory } = this;
    if (memory.valid[at] === 0)
      throw new KernelFault(`${this.variable.name}[${i}] is read before it is written`);
    if (unordered(memory.writers[at] as number, thread))
      throw new KernelFault(`${this.variable.name}[${i}] is read by one thread and written by another`);
    if ((memory.firstReaders[at] as number) < numbers.launch) memory.firstReaders[at] = thread;
    const last = memory.lastReaders[at] as number;
    if (last >= numbers.phase && last !== thread) memory.crowds[at] = numbers.phase;
    memory.lastReaders[at] = thread;
    const value = this.view[i] as number;
    return this.half ? float16Value(value) : value;
  }

  store(i: number, value: number, thread: number): void {
    this.check(i);
    const { name, access } = this.variable;
    if (access !== "read_write") throw new KernelFault(`${name} is written and declared ${access}`);
    const at = this.unit + i * this.per;
    const { memory, view } = this;
    const bits = this.half ? float16Bits(value) : value;
    const before = view[i] as number;
    const writer = memory.writers[at] as number;
    view[i] = bits;
    // Spare workgroups may repeat the work of the last one: then they write the same values.
    if (unordered(writer, thread) && !Object.is(before, view[i]))
      throw new KernelFault(`${name}[${i}] is written by two threads`);
    const first = memory.firstReaders[at] as number;
    const last = memory.lastReaders[at] as number;
    const elsewhere = first >= numbers.launch && first < numbers.workgroup;
    if (elsewhere || memory.crowds[at] === numbers.phase || (last >= numbers.phase && last !== thread))
      throw new KernelFault(`${name}[${i}] is read by one thread and written by another`);
    memory.writers[at] = thread;
    memory.valid[at] = 1;
    if (this.per === 2) memory.valid[at + 1] = 1;
  }

  private check(i: number): void {
    if (!(i >= 0 && i < this.variable.length))
      throw new KernelFault(`${this.variable.name}[${i}] of ${this.variable.length} elements`);
  }
}

/** Workgroup memory: between two barriers an element belongs to one thread, or is only read. */
class Shared {
  private readonly view: View | number[][];
  private readonly marks: { write: number; writer: number; read: number; reader: number }[];
  private readonly name: string;
  phase = 1;

  constructor({ name, element, length }: Variable) {
    this.name = name;
    this.view = element.startsWith("vec4")
      ? Array.from({ length }, () => [0, 0, 0, 0])
      : element === "f32"
        ? new Float32Array(length)
        : element === "i32"
          ? new Int32Array(length)
          : new Uint32Array(length);
    this.marks = Array.from({ length }, () => ({ write: 0, writer: 0, read: 0, reader: 0 }));
  }

  private mark(i: number) {
    const mark = this.marks[i];
    if (!mark) throw new KernelFault(`${this.name}[${i}] of ${this.view.length} elements`);
    return mark;
  }

  load(i: number, thread: number): number | number[] {
    const m = this.mark(i);
    if (m.write === this.phase && m.writer !== thread)
      throw new KernelFault(
        `race: ${this.name}[${i}] is read without a barrier after another thread's write`,
      );
    m.reader = m.read === this.phase && m.reader !== thread ? MANY : thread;
    m.read = this.phase;
    return this.view[i] as number | number[];
  }

  store(i: number, value: number | number[], thread: number): void {
    const m = this.mark(i);
    if (m.write === this.phase && m.writer !== thread)
      throw new KernelFault(`race: ${this.name}[${i}] is written by two threads`);
    if (m.read === this.phase && m.reader !== thread)
      throw new KernelFault(
        `race: ${this.name}[${i}] is written without a barrier after another thread's read`,
      );
    m.write = this.phase;
    m.writer = thread;
    this.view[i] = value;
  }
}

const { fround, imul } = Math;
const cell = new DataView(new ArrayBuffer(4));
const toBits = {
  f32: (x: number) => cell.setFloat32(0, x),
  i32: (x: number) => cell.setInt32(0, x),
  u32: (x: number) => cell.setUint32(0, x),
};
const fromBits = { f32: () => cell.getFloat32(0), i32: () => cell.getInt32(0), u32: () => cell.getUint32(0) };
const bits: Record<string, (x: number) => number> = {};
for (const [from, write] of Object.entries(toBits))
  for (const [to, read] of Object.entries(fromBits))
    bits[`${from}_${to}`] = (x) => {
      write(x);
      return read();
    };

function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

/** What generated code calls. Conversions saturate, division by zero gives the dividend: so WGSL has it. */
const runtime = {
  fround,
  imul,
  bits,
  half: (x: number) => float16Value(float16Bits(x)),
  select: <T>(no: T, yes: T, condition: boolean): T => (condition ? yes : no),
  choose: (no: readonly number[], yes: readonly number[], conditions: readonly boolean[]) =>
    conditions.map((condition, i) => (condition ? yes[i] : no[i]) as number),
  inside: (i: number, length: number) => {
    if (i >= 0 && i < length) return i;
    throw new KernelFault(`element ${i} of a thread's own array of ${length}`);
  },
  swizzle: (x: readonly number[], places: readonly number[]) => places.map((p) => x[p] as number),
  zip: (
    a: readonly number[] | number,
    b: readonly number[] | number,
    f: (x: number, y: number) => number,
  ) => {
    const n = typeof a === "number" ? (b as readonly number[]).length : a.length;
    return Array.from({ length: n }, (_, i) =>
      f((typeof a === "number" ? a : a[i]) as number, (typeof b === "number" ? b : b[i]) as number),
    );
  },
  splat: (x: readonly number[], n: number) =>
    x.length === n ? x : new Array<number>(n).fill(x[0] as number),
  dot: (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => fround(sum + fround(x * (b[i] as number))), 0),
  min: Math.min,
  max: Math.max,
  clamp: (x: number, low: number, high: number) => Math.min(Math.max(x, low), high),
  round: roundHalfEven,
  to_i32: (x: number) => (Number.isNaN(x) ? 0 : Math.min(2147483647, Math.max(-2147483648, Math.trunc(x)))),
  to_u32: (x: number) => (Number.isNaN(x) ? 0 : Math.min(4294967295, Math.max(0, Math.trunc(x)))),
  quotient_i32: (a: number, b: number) => (b === 0 ? a : (a / b) | 0),
  rest_i32: (a: number, b: number) => (b === 0 ? 0 : (a % b) | 0),
  quotient_u32: (a: number, b: number) => (b === 0 ? a : Math.floor(a / b)),
  rest_u32: (a: number, b: number) => (b === 0 ? 0 : a % b),
  ...Object.fromEntries(
    (["floor", "ceil", "trunc", "sqrt", "exp", "log", "sin", "cos", "log2", "tanh"] as const).map((name) => [
      `f32_${name}`,
      (x: number) => fround(Math[name](x)),
    ]),
  ),
  f32_exp2: (x: number) => fround(2 ** x),
};

interface Inputs {
  workgroup_id: number[];
  local_invocation_index: number;
  thread: number;
}

/** The name of a barrier, or which lane of the quad (exclusive or with the own number) gets which value. */
type Wait = string | readonly [number, number];
type Steps = Iterator<Wait, undefined, number>;
type Main = (inputs: Inputs) => Steps | undefined;

interface Compiled {
  readonly module: Module;
  readonly barriers: boolean;
  /** The entry point over these buffers, by name. */
  readonly bind: (buffers: Record<string, Bound | Shared>) => Main;
}

const compiled = new Map<string, Compiled>();

function compile(wgsl: string): Compiled {
  const known = compiled.get(wgsl);
  if (known) return known;
  const module = parseWgsl(wgsl);
  const { code, barriers } = translate(module);
  const names = Object.keys(runtime);
  const variables = module.variables.map((v) => `$${v.name}`);
  const make = new Function(
    ...names,
    `return (buffers) => { const {${module.variables.map((v) => `${v.name}: $${v.name}`).join(", ")}} = buffers; ${code}\nreturn main; };`,
  ) as (...args: unknown[]) => Compiled["bind"];
  if (variables.length === 0) throw new KernelFault("a kernel without buffers");
  const result = { module, barriers, bind: make(...Object.values(runtime)) };
  if (compiled.size > 2000) compiled.clear();
  compiled.set(wgsl, result);
  return result;
}

/** Runs all workgroups of a kernel over the ranges it binds. */
export function runKernel(program: KernelProgram, ranges: readonly Range[]): void {
  const { module, barriers, bind } = compile(program.wgsl);
  const buffers: Record<string, Bound | Shared> = {};
  for (const v of module.variables)
    if (v.space === "storage") buffers[v.name] = new Bound(v, ranges[v.binding] as Range);
  const [gx, gy, gz] = program.workgroups;
  const main = barriers ? null : bind(buffers);
  numbers.launch = numbers.next;
  for (let z = 0; z < gz; z++)
    for (let y = 0; y < gy; y++)
      for (let x = 0; x < gx; x++) {
        numbers.workgroup = numbers.next;
        const threads = Array.from(
          { length: program.workgroupSize },
          (_, lane): Inputs => ({
            workgroup_id: [x, y, z],
            local_invocation_index: lane,
            thread: 0,
          }),
        );
        nextPhase(threads);
        if (main) for (const inputs of threads) main(inputs);
        else inLockstep(module, bind, buffers, threads);
      }
}

/** Gives the threads of a workgroup new numbers: what they have done so far is over. */
function nextPhase(threads: readonly Inputs[]): void {
  numbers.phase = numbers.next;
  for (const inputs of threads) inputs.thread = numbers.next++;
}

/** One workgroup: every thread runs to the next barrier, which must be the same for all. */
function inLockstep(
  module: Module,
  bind: Compiled["bind"],
  buffers: Record<string, Bound | Shared>,
  inputs: readonly Inputs[],
): void {
  const shared = module.variables.filter((v) => v.space === "workgroup").map((v) => new Shared(v));
  const names = module.variables.filter((v) => v.space === "workgroup").map((v) => v.name);
  const main = bind({ ...buffers, ...Object.fromEntries(shared.map((s, i) => [names[i], s])) });
  const threads = inputs.map((x) => main(x) as Steps);
  let swapped: number[] = [];
  for (;;) {
    const states = threads.map((t, i) => t.next(swapped[i] as number));
    const first = states[0] as IteratorResult<Wait>;
    const point = pointOf(first);
    if (!states.every((s) => pointOf(s) === point))
      throw new KernelFault("a barrier or a swap that not all threads of the workgroup reach");
    if (first.done) return;
    swapped = [];
    if (typeof first.value !== "string") {
      const [lane] = first.value;
      swapped = states.map((_, i) => (states[i ^ lane] as { value: [number, number] }).value[1]);
    } else if (first.value.startsWith("storage")) nextPhase(inputs);
    else for (const s of shared) s.phase++;
  }
}

/** Where a thread waits. */
function pointOf({ done, value }: IteratorResult<Wait>): string {
  if (done) return "the end";
  return typeof value === "string" ? value : `swap ${value[0]}`;
}
