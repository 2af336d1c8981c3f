/** What an operand is, as far as an error needs to tell. */
export interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The parts of an error message; public, so that programs match on data and not on wording. */
export interface ErrorFacts {
  problem: string;
  got?: Record<string, Described | string | number | boolean | readonly number[]>;
  need?: string;
  hint?: string;
}

export const describe = (x: Described): string => `${x.dtype}[${x.shape.join(",")}]`;

function describeFact(value: NonNullable<ErrorFacts["got"]>[string]): string {
  if (Array.isArray(value)) return `[${value.join(",")}]`;
  if (typeof value === "object") return describe(value as Described);
  return String(value);
}

function message(op: string, { problem, got, need, hint }: ErrorFacts): string {
  const operands = Object.entries(got ?? {}).map(([name, value]) => `${name} is ${describeFact(value)}`);
  let text = `${op}: ${problem}`;
  if (operands.length > 0) text += `: ${operands.join(", ")}`;
  if (need) text += `; need ${need}`;
  if (hint) text += `; try ${hint}`;
  return text;
}

// Ops call each other; the name in an error is the one the user called, so the outermost one wins.
const opStack: string[] = [];

/** Runs `body` as part of the user-visible op `name`: errors and nodes made inside carry that name. */
export function asOp<T>(name: string, body: () => T): T {
  opStack.push(name);
  try {
    return body();
  } finally {
    opStack.pop();
  }
}

/** Runs `body` outside any op, for functions that call back into user code. */
export function outsideOps<T>(body: () => T): T {
  const saved = opStack.splice(0);
  try {
    return body();
  } finally {
    opStack.splice(0, opStack.length, ...saved);
  }
}

/** The op the user called, or `inner` when none is under way. */
export const currentOp = (inner: string): string => opStack[0] ?? inner;

/** Operands whose shapes cannot work together. */
export class ShapeError extends TypeError {
  override name = "ShapeError";
  readonly op: string;
  readonly facts: ErrorFacts;
  constructor(op: string, facts: ErrorFacts) {
    super(message(currentOp(op), facts));
    this.op = currentOp(op);
    this.facts = facts;
  }
}

/** Operands whose dtypes cannot work together. */
export class DTypeError extends TypeError {
  override name = "DTypeError";
  readonly op: string;
  readonly facts: ErrorFacts;
  constructor(op: string, facts: ErrorFacts) {
    super(message(currentOp(op), facts));
    this.op = currentOp(op);
    this.facts = facts;
  }
}

/** A gradient was asked for through an op that has none; the message says why it has none. */
export class NotDifferentiableError extends TypeError {
  override name = "NotDifferentiableError";
  readonly op: string;
  readonly facts: ErrorFacts;
  constructor(op: string, facts: ErrorFacts) {
    super(message(op, facts));
    this.op = op;
    this.facts = facts;
  }
}

/** An axis, index, size or option outside its range. */
export class AxisError extends RangeError {
  override name = "AxisError";
  readonly op: string;
  readonly facts: ErrorFacts;
  constructor(op: string, facts: ErrorFacts) {
    super(message(currentOp(op), facts));
    this.op = currentOp(op);
    this.facts = facts;
  }
}

// What an op refuses. Its name is not said again: the error has that of the op that the user called.
export const shapeError = (facts: ErrorFacts): ShapeError => new ShapeError("op", facts);
export const dtypeError = (facts: ErrorFacts): DTypeError => new DTypeError("op", facts);
export const axisError = (facts: ErrorFacts): AxisError => new AxisError("op", facts);

/** A tensor was used after `dispose()`, or after a compiled step updated its buffer in place. */
export class DisposedError extends ReferenceError {
  override name = "DisposedError";
  readonly op: string;
  readonly facts: ErrorFacts;
  constructor(op: string, facts: ErrorFacts) {
    super(message(op, facts));
    this.op = op;
    this.facts = facts;
  }
}

/** A tensor made inside a traced function was read there, or outlived the trace. */
export class TraceError extends Error {
  override name = "TraceError";
  readonly op: string;
  readonly facts: ErrorFacts;
  constructor(op: string, facts: ErrorFacts) {
    super(message(op, facts));
    this.op = op;
    this.facts = facts;
  }
}

/** WGSL that does not compile. It is a defect of this library, so everything needed to report it is here. */
export class KernelError extends Error {
  override name = "KernelError";
  readonly kernel: string;
  readonly source: string;
  readonly messages: readonly string[];
  constructor(kernel: string, source: string, messages: readonly string[]) {
    const numbered = source
      .split("\n")
      .map((line, i) => `${String(i + 1).padStart(4)} ${line}`)
      .join("\n");
    super(`${kernel}: the shader does not compile: ${messages.join("; ")}\n${numbered}`);
    this.kernel = kernel;
    this.source = source;
    this.messages = messages;
  }
}

/** Something needs more than the adapter offers. */
export class DeviceLimitError extends RangeError {
  override name = "DeviceLimitError";
  readonly limit: string;
  readonly asked: number;
  readonly offered: number;
  constructor(what: string, limit: string, asked: number, offered: number, hint?: string) {
    super(`${what}: needs ${limit} of ${asked}, the adapter offers ${offered}${hint ? `; try ${hint}` : ""}`);
    this.limit = limit;
    this.asked = asked;
    this.offered = offered;
  }
}

/** The device went away: driver reset, adapter unplugged, or `device.destroy()`. */
export class DeviceLostError extends Error {
  override name = "DeviceLostError";
  readonly reason: string;
  constructor(reason: string, detail: string) {
    super(`the GPU device was lost (${reason}): ${detail || "no details given"}; try createDevice() again`);
    this.reason = reason;
  }
}

/** Operands that live on two devices. */
export class DeviceMismatchError extends TypeError {
  override name = "DeviceMismatchError";
  readonly op: string;
  readonly facts: ErrorFacts;
  constructor(op: string, facts: ErrorFacts) {
    super(message(op, facts));
    this.op = op;
    this.facts = facts;
  }
}

/** The device has no memory left for an allocation. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
  readonly bytes: number;
  constructor(bytes: number, live: number) {
    super(
      `out of device memory: asked for ${bytes} bytes with ${live} live; try smaller batches or dispose()`,
    );
    this.bytes = bytes;
  }
}

/** What `debug.compare` or `debug.nanCheck` has found. */
export class CheckError extends Error {
  override name = "CheckError";
  /** The compiled function, or the op that was evaluated. */
  readonly op: string;
  readonly check: "compare" | "nan";
  readonly facts: ErrorFacts;
  /** The kernel, and the ops in it that are to blame; none if it is an input. */
  readonly kernel: string | null;
  readonly ops: readonly string[];
  constructor(
    op: string,
    check: "compare" | "nan",
    facts: ErrorFacts,
    where: { kernel: string | null; ops: readonly string[] } = { kernel: null, ops: [] },
  ) {
    super(message(op, facts));
    this.op = op;
    this.check = check;
    this.facts = facts;
    this.kernel = where.kernel;
    this.ops = where.ops;
  }
}

/** No WebGPU, or no adapter, on this machine. */
export class NoDeviceError extends Error {
  override name = "NoDeviceError";
}
