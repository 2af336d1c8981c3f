import { allocateHost, checkDType, type DType, type HostData } from "./core/dtype.ts";
import { ShapeError, TraceError } from "./core/errors.ts";
import { type Shape, sizeOf } from "./core/shape.ts";
import { boundPending, evaluate, isTracing, readStorage, storageOf, storedNode } from "./evaluate.ts";
import type { GraphNode } from "./ir/node.ts";
import { formatTensor } from "./print-tensor.ts";
import { Storage } from "./runtime/storage.ts";
import { type MethodsOf, NodeHandle } from "./tensor-methods.ts";

/** Nested arrays of numbers or booleans, as deep as the tensor has axes. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** Host data that a tensor can be made from. */
export type TensorData =
  | NestedArray
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint8ClampedArray;

export interface TensorOptions {
  dtype?: DType;
  /** For typed arrays: the shape of the data, by default one axis. */
  shape?: Shape;
  /** Whether a copy stays on the host, so that a lost device does not take the values with it: for tables kept for long. */
  keep?: boolean;
}

/**
 * An array of numbers on the device. Immutable and lazy: an op checks its operands at once and records what to do;
 * work happens when data is asked for or a compiled function is called.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: every handle has the methods of the interface.
export class Tensor extends NodeHandle {
  get dtype(): DType {
    return this.node.dtype;
  }

  get shape(): Shape {
    return this.node.shape;
  }

  /** Number of axes. */
  get rank(): number {
    return this.node.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.node.shape);
  }

  get isDisposed(): boolean {
    return this.node.stored?.disposed ?? false;
  }

  /**
   * The values in row-major order: f32 and f16 as `Float32Array`, i32 and u32 as their arrays, bool as `Uint8Array`.
   *
   * @throws {DisposedError} After `dispose()`, or if a compiled step updated this tensor in place.
   * @throws {TraceError} Inside a function that is being traced by `grad` or `compile`.
   */
  async data(): Promise<HostData> {
    if (isTracing() && !this.node.stored) {
      throw new TraceError("data", {
        problem: "this tensor has no values while its function is being traced",
        hint: "returning it",
      });
    }
    if (this.size === 0) return allocateHost(this.dtype, 0);
    evaluate([this.node]);
    const storage = storageOf(this.node);
    storage.check("data");
    if (storage.hostData) return storage.hostData.slice();
    const data = await readStorage(storage);
    storage.keepOnHost(data.slice());
    return data;
  }

  /** The value of a tensor of one element; booleans as `0` and `1`. */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new ShapeError("item", {
        problem: "not one element",
        got: { x: this },
        hint: "data() or array()",
      });
    }
    return (await this.data())[0] as number;
  }

  /** The values as nested arrays; booleans as `true` and `false`. */
  async array(): Promise<NestedArray> {
    const data = await this.data();
    const build = (axis: number, at: number, step: number): NestedArray => {
      if (axis === this.rank) return this.dtype === "bool" ? data[at] !== 0 : (data[at] as number);
      const n = this.shape[axis] as number;
      return Array.from({ length: n }, (_, i) => build(axis + 1, at + i * (step / n), step / n));
    };
    return build(0, 0, this.size);
  }

  /** Starts the evaluation without waiting for it. */
  evaluate(): this {
    evaluate([this.node]);
    return this;
  }

  /**
   * Frees the buffer now instead of when the tensor is garbage. Using the tensor afterwards is an error. What was made
   * from it before is not harmed as long as this tensor has not been evaluated, or that has.
   */
  dispose(): void {
    if (!this.node.stored) {
      // Others may stand on the node; this handle alone is gone.
      const nothing = new Storage(this.dtype, this.size);
      this.node = storedNode(nothing, this.shape);
    }
    storageOf(this.node).dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** dtype, shape and, where they are on the host, values. */
  override toString(): string {
    const storage = this.node.stored ? storageOf(this.node) : null;
    return formatTensor(this.dtype, this.shape, storage?.disposed ? "disposed" : (storage?.hostData ?? null));
  }

  /** The same, with the values fetched from the device. */
  async text(): Promise<string> {
    return formatTensor(this.dtype, this.shape, await this.data());
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

export interface Tensor extends MethodsOf<Tensor> {}

export const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;

/** A handle on a node. */
export function wrap(node: GraphNode): Tensor {
  boundPending(node);
  return new Tensor(node);
}

/**
 * A tensor from nested arrays, a typed array or a number.
 *
 * Numbers become f32 and booleans bool; typed arrays keep their type (f64 becomes f32, 8 and 16 bit become i32 or u32).
 *
 * @param options.dtype Element type, if it should be another.
 * @param options.shape Shape of a typed array's data.
 * @param options.keep Whether the values outlive a lost device; costs their size on the host. Default false.
 * @throws {ShapeError} If rows have different lengths, or the shape does not fit the data.
 */
export function tensor(data: TensorData, options: TensorOptions = {}): Tensor {
  if (ArrayBuffer.isView(data)) return fromTyped(data as Exclude<TensorData, NestedArray>, options);
  const shape: number[] = [];
  for (let x: NestedArray = data; Array.isArray(x); x = x[0] as NestedArray) {
    shape.push(x.length);
    if (x.length === 0) break;
  }
  const flat: (number | boolean)[] = [];
  const visit = (x: NestedArray, axis: number): void => {
    if (typeof x === "number" || typeof x === "boolean") {
      if (axis !== shape.length) throw ragged(shape, axis);
      flat.push(x);
      return;
    }
    if (axis >= shape.length || x.length !== shape[axis]) throw ragged(shape, axis);
    for (const y of x) visit(y, axis + 1);
  };
  visit(data, 0);
  const booleans = flat.length > 0 && flat.every((x) => typeof x === "boolean");
  const dtype = options.dtype ?? (booleans ? "bool" : "f32");
  return fromHost(dtype, options.shape ?? shape, flat.map(Number), options.keep);
}

const ragged = (shape: readonly number[], axis: number): ShapeError =>
  new ShapeError("tensor", {
    problem: `rows of axis ${axis} have different lengths`,
    got: { first: shape },
    need: "a rectangular array",
  });

function fromTyped(data: Exclude<TensorData, NestedArray>, options: TensorOptions): Tensor {
  const natural: DType =
    data instanceof Int32Array || data instanceof Int8Array || data instanceof Int16Array
      ? "i32"
      : data instanceof Float32Array || data instanceof Float64Array
        ? "f32"
        : "u32";
  return fromHost(options.dtype ?? natural, options.shape ?? [data.length], data, options.keep);
}

function fromHost(dtype: DType, shape: Shape, values: ArrayLike<number>, keep = false): Tensor {
  if (sizeOf(shape) !== values.length) {
    throw new ShapeError("tensor", {
      problem: `${values.length} values do not fill the shape`,
      got: { shape },
    });
  }
  const host = allocateHost(checkDType("tensor", dtype), values.length);
  if (dtype === "bool") for (let i = 0; i < values.length; i++) host[i] = values[i] ? 1 : 0;
  else host.set(values);
  const storage = new Storage(dtype, host.length, host);
  storage.kept = keep;
  return wrap(storedNode(storage, shape));
}

/** A number as a tensor of rank 0. In a compiled step it may change from call to call without a new compilation. */
export function scalar(value: number | boolean, dtype?: DType): Tensor {
  return fromHost(dtype ?? (typeof value === "boolean" ? "bool" : "f32"), [], [Number(value)]);
}
