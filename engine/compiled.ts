import { buildPlan } from "./compile/build-plan.ts";
import { describeProgram, type Program } from "./compile/program.ts";
import { debug, stackIfTold } from "./core/debug.ts";
import { outsideOps, TraceError } from "./core/errors.ts";
import { baseProfile } from "./core/profile.ts";
import { sizeOf } from "./core/shape.ts";
import { fillSkeleton, matchSkeleton, type Skeleton, skeletonOf, treeSignature } from "./core/tree.ts";
import { openDevice, whenDevice } from "./current-device.ts";
import {
  type Asker,
  detach,
  evaluate,
  homeOf,
  makeExecutable,
  placeholder,
  storageOf,
  storedNode,
  tellLookup,
  whileTracing,
} from "./evaluate.ts";
import { GraphNode } from "./ir/node.ts";
import { type Plan, type PlanReport, reportOf } from "./ir/plan.ts";
import { ops } from "./ops/build.ts";
import type { Device } from "./runtime/device.ts";
import type { Executable } from "./runtime/executable.ts";
import { Storage } from "./runtime/storage.ts";
import { matchState, type StateMatch } from "./state-match.ts";
import { isTensor, Tensor } from "./tensor.ts";
import { treeLeaves, treeMap } from "./trees.ts";

export interface CompileOptions {
  /** What errors, traces and debug lines call the function; by default its own name. */
  name?: string;
  /**
   * Whether arguments that come back changed may be overwritten. By default a tree that an earlier call returned and
   * that is passed in again, as the state of a training loop is, is updated in place: the old tensors are gone
   * then, and using them is a `DisposedError`. `false` keeps every argument.
   */
  donate?: boolean;
  /**
   * How a training step stores what its backward pass keeps of the forward pass: "f16" takes half of the memory, where
   * the adapter has it. Everything is computed in f32, and sums, statistics, gradients and results are stored in it; but
   * what is read back is rounded to 11 bits and to at most 65504. "f32" by default.
   */
  activations?: "f32" | "f16";
}

export interface Compiled<A extends unknown[], R> {
  (...args: A): R;
  /** How many signatures have been traced so far. */
  readonly compilations: number;
  /** Frees the buffers that the plans hold. */
  dispose(): void;
  /** The plan for these arguments. */
  plan(...args: A): Plan;
}

/** One traced signature. */
interface Trace {
  readonly program: Program;
  /** Structure of the arguments, and of the result with tensors that stand for the outputs. */
  readonly args: Skeleton<Tensor>;
  readonly result: Skeleton<Tensor>;
  /** Tensors from outside the arguments that the function uses; they are inputs like any other. */
  readonly captured: readonly GraphNode[];
  readonly outputs: readonly Tensor[];
  /** State arguments: for each tree, which inputs are the old values of which outputs. */
  readonly state: readonly (readonly StateMatch[])[];
  readonly executables: Map<Device, Executable>;
}

const sameAval = (a: Tensor, b: Tensor): boolean => {
  const x = a.node;
  const y = b.node;
  if (x.dtype !== y.dtype || x.shape.length !== y.shape.length) return false;
  for (let i = 0; i < x.shape.length; i++) if (x.shape[i] !== y.shape[i]) return false;
  return true;
};

/**
 * `fn` as one plan: traced once for each signature (structure of the arguments, shapes, dtypes and everything in them
 * that is no tensor), then replayed. Forward, backward, optimiser and moving averages become one list of kernels.
 *
 * Plain numbers in arguments are constants of the plan; a number that changes from call to call belongs in a tensor.
 *
 * @throws {TraceError} If `fn` is asynchronous.
 *
 * @example
 *   const step = compile((state, batch) => ({ state: update(state, batch), loss }));
 *   for (...) ({ state } = step(state, batch));
 */
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  const name = options.name ?? (fn.name || "compiled");
  const traces = new Map<string, Trace>();
  let latest: Trace | null = null;
  // Marks the storages that the latest call returned: if they come back as state, they may be overwritten.
  let origin: object = {};

  /** The trace for these arguments, and their tensors. */
  const find = (args: A): { trace: Trace; leaves: Tensor[] } => {
    const leaves: Tensor[] = [];
    if (latest && matchSkeleton(latest.args, args, isTensor, sameAval, leaves))
      return { trace: latest, leaves };
    const signature = treeSignature(args, isTensor, (x) => `${x.dtype}[${x.shape.join(",")}]`);
    let trace = traces.get(signature);
    if (!trace) {
      trace = traceFunction(fn, args, name, options);
      traces.set(signature, trace);
      if (debug.level >= 3)
        debug.print(
          `${name}: traced for ${signature.length > 200 ? `${signature.slice(0, 200)}...` : signature}`,
        );
    }
    latest = trace;
    return { trace, leaves: treeLeaves(args).map((x) => x.value) };
  };

  const call = (...args: A): R => {
    const { trace, leaves } = find(args);
    const nodes = leaves.map((x) => x.node);
    const fresh = new Set<number>();
    if (nodes.some((x) => x.stored === null) || trace.captured.some((x) => x.stored === null)) {
      for (const { input } of trace.state.flat()) {
        const x = nodes[input] as GraphNode;
        if (x.stored || x.primitive.name !== "full") continue;
        nodes[input] = ownConstant(x, input);
        fresh.add(input);
      }
      evaluate([...nodes, ...trace.captured]);
    }
    const inputs = nodes.map(storageOf);
    for (const x of trace.captured) inputs.push(storageOf(x));
    for (const x of inputs) x.check(name);
    const outputs = trace.outputs.map((x) => new Storage(x.dtype, sizeOf(x.shape)));
    const owned = new Set([...ownedInputs(trace, inputs, origin), ...fresh]);
    const asker = { name, stack: stackIfTold() };
    // The call may have to wait for the device; what it reads must not go meanwhile.
    for (const x of inputs) x.pin();
    const unpin = () => {
      for (const x of inputs) x.unpin();
    };
    // Old state is gone, whether it is then overwritten where it lies or not; if the call fails, it is as it was.
    for (const i of owned)
      inputs[i]?.dispose(`${name} returned its successor, in a state that is updated in place`);
    whenDevice(
      homeOf(inputs),
      (device) => {
        executableOf(trace, device, asker).run({
          inputs,
          outputs,
          by: name,
          owned: (i) => owned.has(i),
        });
        unpin();
      },
      (error) => {
        for (const x of outputs) x.fail(error);
        for (const i of owned) inputs[i]?.restore();
        unpin();
      },
    );
    origin = {};
    const byOutput = new Map<Tensor, Tensor>();
    trace.outputs.forEach((x, i) => {
      const storage = outputs[i] as Storage;
      storage.origin = origin;
      storage.originOutput = i;
      byOutput.set(x, new Tensor(storedNode(storage, x.shape)));
    });
    return fillSkeleton(trace.result, (x) => byOutput.get(x)) as R;
  };

  const compiled = call as Compiled<A, R>;
  Object.defineProperty(compiled, "compilations", { get: () => traces.size });
  Object.defineProperty(compiled, "name", { value: name });
  compiled.dispose = () => {
    for (const trace of traces.values())
      for (const executable of trace.executables.values()) executable.dispose();
    traces.clear();
    latest = null;
  };
  compiled.plan = (...args) => {
    const { trace } = find(args);
    return buildPlan(trace.program, openDevice()?.profile ?? baseProfile, ops, updatesOf(trace));
  };
  return compiled;
}

const updatesOf = (trace: Trace): Map<number, number> =>
  new Map(trace.state.flat().map((m) => [m.output, m.input]));

function executableOf(trace: Trace, device: Device, asker: Asker): Executable {
  const known = trace.executables.get(device);
  if (known) {
    tellLookup(device, known, asker);
    return known;
  }
  for (const old of trace.executables.keys()) if (old.isLost) trace.executables.delete(old);
  const executable = makeExecutable(device, trace.program, asker, true, updatesOf(trace));
  trace.executables.set(device, executable);
  return executable;
}

/**
 * What a function costs for these arguments, before it runs: kernels with their ops, dispatches, FLOPs, bytes moved
 * and peak memory. For the open device, or for a GPU with WebGPU's guaranteed limits when none is open.
 */
export function explain<A extends unknown[], R>(
  fn: ((...args: A) => R) | Compiled<A, R>,
  ...args: A
): PlanReport {
  const compiled = "plan" in fn ? fn : compile(fn);
  return reportOf(compiled.plan(...args));
}

function traceFunction<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: A,
  name: string,
  { donate = true, activations }: CompileOptions,
): Trace {
  const placeholders: GraphNode[] = [];
  const traced = treeMap((x) => {
    const node = placeholder(x, placeholders.length);
    placeholders.push(node);
    return new Tensor(node);
  }, args);
  const firstOwn = placeholders.length > 0 ? (placeholders[0] as GraphNode).id : 0;
  const result = whileTracing(() => outsideOps(() => fn(...traced)));
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new TraceError(name, {
      problem: "an asynchronous function cannot be compiled",
      hint: "awaiting outside of it",
    });
  }
  const outputs = treeLeaves(result).map((x) => x.value);
  const captured = evaluateCaptured(
    outputs.map((x) => x.node),
    firstOwn,
    new Set(placeholders),
  );
  const program = detach({ inputs: [...placeholders, ...captured], outputs: outputs.map((x) => x.node) });
  const distinct = [...new Set(outputs)];
  return {
    program: {
      inputs: program.inputs,
      outputs: distinct.map((x) => program.outputs[outputs.indexOf(x)] as GraphNode),
      activations,
    },
    captured,
    args: skeletonOf(
      treeMap((x) => new Tensor(placeholder(x, 0)), args),
      isTensor,
    ),
    result: skeletonOf(result, isTensor),
    outputs: distinct,
    state: donate ? groupsOf(matchState(args, result, distinct)) : [],
    executables: new Map(),
  };
}

/** Values from outside that the trace stands on, evaluated so that they are computed once and not in every call. */
function evaluateCaptured(
  outputs: readonly GraphNode[],
  firstOwn: number,
  placeholders: ReadonlySet<GraphNode>,
): GraphNode[] {
  const outside: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  const stack = [...outputs];
  while (stack.length > 0) {
    const x = stack.pop() as GraphNode;
    if (seen.has(x)) continue;
    seen.add(x);
    if (placeholders.has(x)) continue;
    if (x.stored || (x.id < firstOwn && x.inputs.length > 0)) outside.push(x);
    else stack.push(...x.inputs);
  }
  evaluate(outside);
  // Only now: evaluation may have been what made them inputs.
  return describeProgram(outputs).inputs.filter((x) => !placeholders.has(x));
}

function groupsOf(matches: readonly StateMatch[]): StateMatch[][] {
  const groups = new Map<number, StateMatch[]>();
  for (const m of matches) groups.set(m.group, [...(groups.get(m.group) ?? []), m]);
  return [...groups.values()];
}

/**
 * The same constant once more, for one call alone: that may overwrite it, while the tensor stays what it is, to be made
 * when somebody reads it. So the zeros that an optimiser begins with take no memory beside what they become.
 */
const ownConstant = (x: GraphNode, tag: number): GraphNode =>
  new GraphNode(x.primitive, [], { ...(x.params as object), tag }, x, x.op);

/** State arguments that this call may overwrite: all of a tree, and only what the latest call returned for it. */
function ownedInputs(trace: Trace, inputs: readonly Storage[], origin: object): Set<number> {
  const owned = new Set<number>();
  if (trace.state.length === 0) return owned;
  const first = new Map<Storage, number>();
  const twice = new Set<Storage>();
  inputs.forEach((x, i) => {
    if (first.has(x)) twice.add(x);
    else first.set(x, i);
  });
  for (const group of trace.state) {
    // A buffer that stands in two places cannot be overwritten for one of them.
    const mine = group.every((m) => {
      const x = inputs[m.input] as Storage;
      return x.origin === origin && x.originOutput === m.output && !twice.has(x);
    });
    if (mine) for (const m of group) owned.add(m.input);
  }
  return owned;
}
