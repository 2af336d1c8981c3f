// What the tasks are written in. Each library has one implementation, made of the best that it offers for each entry.

/** Row-major numbers that a task starts from or ends with. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** Images are `[N, C, H, W]` here and filters `[out, in, H, W]`; libraries that want channels last turn them. */
  readonly kind?: "image" | "filter";
}

/** Operations on the tensors `T` of one library. Axes count from 0; images are laid out as the library likes best. */
export interface Ops<T> {
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  /** `x * factor + offset`. */
  affine(x: T, factor: number, offset: number): T;
  exp(x: T): T;
  tanh(x: T): T;
  sqrt(x: T): T;
  relu(x: T): T;
  /** With the exact normal distribution. */
  gelu(x: T): T;
  sum(x: T, axes: readonly number[], keep?: boolean): T;
  mean(x: T, axes: readonly number[]): T;
  matmul(a: T, b: T): T;
  reshape(x: T, shape: readonly number[]): T;
  transpose(x: T, axes: readonly number[]): T;
  concat(a: T, b: T, axis: number): T;
  /** Elements 0 to `length` along an axis. */
  head(x: T, axis: number, length: number): T;
  /** Over the last axis, as the next two. */
  softmax(x: T): T;
  logSoftmax(x: T): T;
  layerNorm(x: T, gain: T, bias: T): T;
  /** `[B, H, N, D]` each; scaled by 1 / sqrt(D). */
  attention(q: T, k: T, v: T): T;
  conv(x: T, filter: T, stride: number, padding: number): T;
  /** With the statistics of the batch. Gain and bias `[C]`. */
  batchNorm(x: T, gain: T, bias: T): T;
  /** Mean over rows and columns: images to `[N, C]`. */
  globalMean(x: T): T;
}

export type Named<T> = Readonly<Record<string, T>>;

/** A function of its inputs, timed as it is. */
export interface FunctionTask {
  readonly name: string;
  readonly inputs: Named<HostArray>;
  readonly run: <T>(o: Ops<T>, x: Named<T>) => readonly T[];
  /** Add the gradients of the sum of the first result with respect to these inputs. */
  readonly gradients?: readonly string[];
  /** Whether results are images. */
  readonly image?: boolean;
  /** Of the largest difference between two libraries, relative to the largest value. */
  readonly tolerance: number;
}

/** Training with Adam: rate 1e-3, betas 0.9 and 0.999, epsilon 1e-8. */
export interface StepTask {
  readonly name: string;
  readonly params: Named<HostArray>;
  readonly inputs: Named<HostArray>;
  readonly loss: <T>(o: Ops<T>, params: Named<T>, x: Named<T>) => T;
  readonly tolerance: number;
}

/** A task in one library, ready to be timed. */
export interface Prepared {
  /** Does it once and resolves when the device is idle. */
  run(): Promise<void>;
  /** Of the last run: its results, or the loss of a step. */
  results(): Promise<readonly Float32Array[]>;
  dispose(): void;
}

export interface Peer {
  readonly name: string;
  prepareFunction(task: FunctionTask): Promise<Prepared>;
  prepareStep(task: StepTask): Promise<Prepared>;
}

/** Turns `[N, C, H, W]` into `[N, H, W, C]`, and filters `[O, I, H, W]` into `[H, W, I, O]`. */
export function channelsLast({ shape, data, kind }: HostArray): HostArray {
  if (!kind) return { shape, data };
  return permuted({ shape, data }, kind === "image" ? [0, 2, 3, 1] : [2, 3, 1, 0]);
}

export function permuted({ shape, data }: HostArray, axes: readonly number[]): HostArray {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const to = axes.map((axis) => shape[axis] as number);
  const steps = axes.map((axis) => strides[axis] as number);
  const out = new Float32Array(data.length);
  const at = to.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[at.reduce((sum, x, axis) => sum + x * (steps[axis] as number), 0)] as number;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      at[axis]!++;
      if ((at[axis] as number) < (to[axis] as number)) break;
      at[axis] = 0;
    }
  }
  return { shape: to, data: out };
}
