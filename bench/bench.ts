// What a benchmark is made of. A file in bench/kernels, bench/steps or bench exports `benches`; tools/bench.mjs bundles
// it once for each revision, and bench/runner.ts runs them in turn.
import {
  arange,
  type Compiled,
  compile,
  type Device,
  explain,
  getDevice,
  type Tensor,
  treeDispose,
  withDebug,
} from "../mod.ts";

export type Numbers = Record<string, number>;

/** One way of doing the work. */
export interface Subject {
  /** When its first result was there, by `performance.now()`; for what starts something. */
  readonly firstResultAt?: number;
  /** Does the work once and resolves when the device is idle; returns the milliseconds for one unit of it. */
  round(): Promise<number>;
  /** Anything else to report, asked for after the last round; gets the median of the rounds. */
  numbers?(median: number): Promise<Numbers> | Numbers;
}

export interface Bench {
  readonly name: string;
  readonly shape: Readonly<Record<string, number | string>>;
  /** Rounds alternate between these, so that what slows the machine down slows all of them. */
  readonly variants: Readonly<Record<string, () => Promise<Subject>>>;
  /** Rounds of each variant; by default as the runner thinks. */
  readonly rounds?: number;
}

/** What the runner needs of the bundle that a benchmark is in. */
export interface BenchModule {
  readonly benches: readonly Bench[];
  /** The device that the benches of this file work on; by default that of the library. */
  readonly openDevice?: () => Promise<Device>;
}

/** Numbers between -1 and 1, the same in every run. */
export const values = (...shape: number[]): Tensor =>
  arange(shape.reduce((a, b) => a * b, 1))
    .cast("f32")
    .mul(1e-3)
    .sin()
    .reshape(shape);

/** Milliseconds that `body` takes until the device is idle. */
export async function timeToIdle(device: Device, body: () => unknown): Promise<number> {
  await device.idle();
  const start = performance.now();
  await body();
  await device.idle();
  return performance.now() - start;
}

/** A function of tensors as the compiler fuses it, and with a kernel for each op. */
export const fusedAndUnfused = (
  f: (...xs: Tensor[]) => Tensor,
  inputs: () => readonly Tensor[],
): Bench["variants"] => ({
  fused: () => kernelSubject(f, inputs()),
  unfused: () => kernelSubject(f, inputs(), { fuse: false }),
});

/** Times a function of tensors, compiled and called `repeats` times a round; reports its rates beside the time. */
export async function kernelSubject(
  f: (...xs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { repeats = 4, fuse = true }: { repeats?: number; fuse?: boolean } = {},
): Promise<Subject> {
  const device = await getDevice();
  const run: Compiled<Tensor[], Tensor> = compile(f);
  for (const x of inputs) x.evaluate();
  const once = () => run(...inputs).dispose();
  const { dispatches, flops, bytesMoved } = withDebug({ fuse }, () => {
    // The first call makes the plan.
    once();
    return explain(run, ...inputs);
  });
  await device.idle();
  return {
    async round() {
      const ms = await timeToIdle(device, () => {
        for (let i = 0; i < repeats; i++) once();
      });
      return ms / repeats;
    },
    numbers(median) {
      run.dispose();
      treeDispose(inputs);
      return { dispatches, "GFLOP/s": flops / median / 1e6, "GB/s": bytesMoved / median / 1e6 };
    },
  };
}

/** How often `body` gives commands to the GPU, once everything it needs is there. */
async function submitsOf(device: Device, body: () => void): Promise<number> {
  await device.idle();
  const { queue } = device.gpu;
  const { submit } = queue;
  let count = 0;
  queue.submit = (buffers) => {
    count++;
    submit.call(queue, buffers);
  };
  body();
  await device.idle();
  queue.submit = submit;
  return count;
}

/** A training step: takes the state and returns the next one with the loss. */
export type Step<S> = (state: S) => { readonly state: S; readonly loss: Tensor };

/** Times a compiled training step; reports beside it what it launches, keeps and moves, and what starting it costs. */
export async function stepSubject<S>(start: S, step: Step<S>, name: string): Promise<Subject> {
  const device = await getDevice();
  const compiled = compile(step, { name });
  let state = start;
  await device.idle();
  // Compilation: the first call until its result is there.
  const compiling = performance.now();
  let out = compiled(state);
  const firstLoss = await out.loss.item();
  const firstResultAt = performance.now();
  const compileMs = firstResultAt - compiling;
  state = out.state;
  const run = () => {
    out = compiled(state);
    state = out.state;
  };
  run();
  const submits = await submitsOf(device, run);
  const report = explain(compiled, state);
  const hostTimes: number[] = [];
  return {
    firstResultAt,
    async round() {
      return timeToIdle(device, () => {
        const called = performance.now();
        run();
        hostTimes.push(performance.now() - called);
      });
    },
    async numbers(median) {
      const lastLoss = await out.loss.item();
      const host = hostTimes.sort((a, b) => a - b)[Math.floor(hostTimes.length / 2)] as number;
      return {
        kernels: new Set(report.kernels.map((k) => k.name)).size,
        dispatches: report.dispatches,
        submits,
        "GFLOP/s": report.flops / median / 1e6,
        movedBytes: report.bytesMoved,
        liveBytes: device.memory().live,
        peakBytes: device.memory().peak,
        planBytes: report.peakBytes,
        compileMs,
        "host us per dispatch": (1e3 * host) / report.dispatches,
        firstLoss,
        lastLoss,
      };
    },
  };
}
