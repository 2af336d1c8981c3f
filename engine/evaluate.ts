import { buildPlan, type Updates } from "./compile/build-plan.ts";
import { describeProgram, type Program } from "./compile/program.ts";
import { debug, readHostSettings, stackIfTold } from "./core/debug.ts";
import { allocateHost, type HostData } from "./core/dtype.ts";
import { outsideOps } from "./core/errors.ts";
import { sizeOf } from "./core/shape.ts";
import { whenDevice } from "./current-device.ts";
import { GraphNode, topologicalOrder } from "./ir/node.ts";
import type { Primitive } from "./ir/primitive.ts";
import { ops } from "./ops/build.ts";
import { full, input } from "./ops/source.ts";
import type { Device } from "./runtime/device.ts";
import { Executable } from "./runtime/executable.ts";
import { Storage } from "./runtime/storage.ts";

/** Compiled programs of a device; the eager ones, that come and go, are kept up to a number. */
const cachesByDevice = new WeakMap<Device, Map<string, Executable>>();
const PROGRAMS_KEPT = 512;

/** The unevaluated nodes that a graph may hold before it is evaluated without being asked. */
const PENDING_BOUND = 4000;

let tracing = 0;

/** Runs `body` with evaluation forbidden: its tensors have no values yet. */
export function whileTracing<T>(body: () => T): T {
  tracing++;
  try {
    return body();
  } finally {
    tracing--;
  }
}

export const isTracing = (): boolean => tracing > 0;

/** The graph of a program with its inputs replaced by placeholders, free of any storage. */
export function detach(program: Program): Program {
  const copies = new Map<GraphNode, GraphNode>();
  program.inputs.forEach((x, index) => {
    copies.set(x, placeholder(x, index));
  });
  for (const x of topologicalOrder(program.outputs)) {
    if (copies.has(x)) continue;
    const inputs = x.inputs.map((y) => copies.get(y) as GraphNode);
    copies.set(x, new GraphNode(x.primitive, inputs, x.params, x, x.op));
  }
  return {
    inputs: program.inputs.map((x) => copies.get(x) as GraphNode),
    outputs: program.outputs.map((x) => copies.get(x) as GraphNode),
  };
}

/** A value that is given when the program runs. */
export function placeholder(
  x: { dtype: GraphNode["dtype"]; shape: GraphNode["shape"] },
  index: number,
): GraphNode {
  return new GraphNode(input as Primitive, [], { shape: [...x.shape], dtype: x.dtype, index }, x);
}

export const storageOf = (node: GraphNode): Storage => node.stored as Storage;

/** A node that holds values. */
export function storedNode(storage: Storage, shape: readonly number[]): GraphNode {
  const node = new GraphNode(
    input as Primitive,
    [],
    { shape: [...shape], dtype: storage.dtype, index: -1 },
    { dtype: storage.dtype, shape },
  );
  node.stored = storage;
  return node;
}

/** What asks for a plan: its name in errors and debug lines, and its call stack if lines are to tell it. */
export interface Asker {
  readonly name: string;
  readonly stack: string;
}

/** A program as something that runs on the device. `keeps` is for functions that will be called again and again. */
export function makeExecutable(
  device: Device,
  program: Program,
  asker: Asker,
  keeps: boolean,
  updates?: Updates,
): Executable {
  readHostSettings();
  const started = performance.now();
  const plan = outsideOps(() => buildPlan(program, device.profile, ops, updates));
  const executable = new Executable(device, plan, keeps);
  device.profiler.span("compile", asker.name, started);
  tellLookup(device, executable, asker, started);
  return executable;
}

/** Debug level 1: one line for each plan that is asked for; `started` if it was made for that. */
export function tellLookup(device: Device, executable: Executable, asker: Asker, started?: number): void {
  if (debug.level < 1) return;
  const { plan } = executable;
  const texts = plan.steps.filter((s) => !device.pipelines.peek(s.program)).map((s) => s.program.wgsl);
  const lookup = {
    ...asker,
    hit: started === undefined,
    fresh: new Set(texts).size,
    started: started ?? 0,
  };
  const ready = executable.prepare();
  const settings = { ...debug };
  device.profiler.tell(import("./describe.ts").then((m) => m.describeCompile(plan, ready, lookup, settings)));
}

/** Evaluates a node on which much has piled up unasked, so that long chains do not grow forever. */
export function boundPending(node: GraphNode): void {
  if (node.pending > PENDING_BOUND && !isTracing() && node.stored === null) evaluate([node]);
}

/** Up to so many elements of one value are written by the host: less work than compiling a kernel that does it. */
const FILLED_ON_HOST = 2 ** 22;

/** Gives a constant its values, unless only a kernel rounds them, or they are too many; says whether it has. */
function fillConstant(x: GraphNode): boolean {
  const length = sizeOf(x.shape);
  if (x.primitive !== full || x.dtype === "f16" || length > FILLED_ON_HOST) return false;
  const { value } = x.params as { value: number };
  x.stored = new Storage(x.dtype, length, allocateHost(x.dtype, length).fill(value));
  return true;
}

/** Starts the evaluation of nodes. They count as evaluated from now on; their values come when the queue gets there. */
export function evaluate(nodes: readonly GraphNode[]): void {
  const wanted = [...new Set(nodes)].filter((x) => x.stored === null && !fillConstant(x));
  if (wanted.length === 0) return;
  const { inputs, key } = describeProgram(wanted);
  const outputs = wanted.map((x) => new Storage(x.dtype, sizeOf(x.shape)));
  const storages = inputs.map(storageOf);
  const by = (wanted[0] as GraphNode).op;
  for (const x of storages) x.check(by);
  const program = detach({ inputs, outputs: wanted });
  const asker = { name: by, stack: stackIfTold() };
  wanted.forEach((x, i) => {
    x.stored = outputs[i] as Storage;
    x.inputs = [];
  });
  // Evaluation may have to wait for the device; what it reads must not go meanwhile.
  for (const x of storages) x.pin();
  const unpin = () => {
    for (const x of storages) x.unpin();
  };
  whenDevice(
    homeOf(storages),
    (device) => {
      const executable = executableFor(device, debug.fuse ? key : `unfused ${key}`, program, asker);
      executable.run({ inputs: storages, outputs, by, owned: () => false });
      unpin();
    },
    (error) => {
      for (const x of outputs) x.fail(error);
      unpin();
    },
  );
}

function executableFor(device: Device, key: string, program: Program, asker: Asker): Executable {
  const cache = cachesByDevice.get(device) ?? new Map<string, Executable>();
  cachesByDevice.set(device, cache);
  const known = cache.get(key);
  if (known) tellLookup(device, known, asker);
  const executable = known ?? makeExecutable(device, program, asker, false);
  // Last used, last to go.
  cache.delete(key);
  cache.set(key, executable);
  if (cache.size > PROGRAMS_KEPT) cache.delete(cache.keys().next().value as string);
  return executable;
}

/** The device that has some of these values for itself; null if they may be used on any. */
export function homeOf(storages: readonly Storage[]): Device | null {
  let home: Device | null = null;
  for (const { device, hostData } of storages) {
    if (!device || (hostData && device.isLost)) continue;
    if (!hostData) return device;
    home ??= device;
  }
  return home;
}

/** The values of a storage as they are after the work handed over so far. */
export function readStorage(storage: Storage): Promise<HostData> {
  storage.pin();
  return new Promise((resolve, reject) => {
    whenDevice(
      storage.device,
      (device) => {
        device.readback.read(storage).then(resolve, reject);
        storage.unpin();
      },
      (error) => {
        storage.unpin();
        reject(error);
      },
    );
  });
}
