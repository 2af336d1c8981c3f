import { type Compiled, type CompileOptions, compile, scalar, stack, type Tensor } from "../../mod.ts";
import type { Method, StepMetrics, StepValues } from "../method.ts";

/** A step that the device has been given. */
export interface Launched<S> {
  readonly state: S;
  /** Loss and metrics, once they are known. */
  readonly told: Promise<{ readonly loss: number; readonly metrics: Readonly<Record<string, number>> }>;
  /** Frees what nobody needs once they are; the images are the caller's. */
  dispose(): void;
}

/** Gives steps to the device. */
export interface Stepper<S> {
  /** The state that is passed in is gone then, if an earlier launch returned it. */
  launch(state: S, images: Tensor, values: Readonly<Record<string, number>>, phase: string): Launched<S>;
  dispose(): void;
}

/** Numbers of a step as one vector, so that one reading brings them all, and what they are called. */
export interface Told {
  readonly names: readonly string[];
  readonly numbers: Tensor;
}

export function tell(loss: Tensor, metrics: StepMetrics = {}): Told {
  const numbers = [loss, ...Object.values(metrics)].map((x) => x.cast("f32").reshape([]));
  return { names: Object.keys(metrics), numbers: stack(numbers) };
}

export async function read({ names, numbers }: Told): ReturnType<() => Launched<unknown>["told"]> {
  const [loss = Number.NaN, ...rest] = await numbers.data();
  return { loss, metrics: Object.fromEntries(names.map((name, i) => [name, rest[i] as number])) };
}

/** The values as tensors, which change from step to step without a new compilation. */
export function scalars(values: Readonly<Record<string, number>>): StepValues {
  const entries = Object.entries(values).map(([name, value]) => [name, scalar(value)]);
  return Object.fromEntries(entries) as StepValues;
}

/** Steps as the method has them, each one plan. */
export function wholeStepper<S>(method: Method<S>, activations?: CompileOptions["activations"]): Stepper<S> {
  const step = (state: S, images: Tensor, at: StepValues, phase: string) => {
    const { state: next, loss, metrics } = method.step(state, images, at, phase);
    return { state: next, told: tell(loss, metrics) };
  };
  const compiled: Compiled<Parameters<typeof step>, ReturnType<typeof step>> = compile(step, {
    name: method.name,
    activations,
  });
  return {
    launch(state, images, values, phase) {
      const at = scalars(values);
      const { state: next, told } = compiled(state, images, at, phase);
      const result = read(told);
      result.catch(() => undefined); // it is awaited a step later
      return {
        state: next,
        told: result,
        dispose() {
          for (const x of [told.numbers, ...Object.values(at)]) x.dispose();
        },
      };
    },
    dispose: () => compiled.dispose(),
  };
}
