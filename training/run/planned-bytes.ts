import { type CompileOptions, compile, explain, type Tensor, treeLeaves, treeMap, zeros } from "../../mod.ts";
import type { Method, StepParts, StepValues } from "../method.ts";
import { cachedFunctions } from "./cached-stepper.ts";
import type { RunPlan } from "./run-plan.ts";
import { scalars } from "./stepper.ts";

/** Size of one image. */
export type ImageSize = { readonly channels: number; readonly height: number; readonly width: number };

/** Device memory that the steps of a run take at most, as their plans say. Nothing runs. */
export function plannedBytes<S>(
  method: Method<S>,
  plan: RunPlan,
  { channels, height, width }: ImageSize,
  microBatch: number,
): number {
  const { batch } = plan.length;
  const state = method.start(plan.key("state"));
  const images = zeros([batch, channels, height, width]);
  const at = scalars(plan.valuesAt(1));
  // A run may begin with lighter steps than it ends with.
  const phases = new Set([plan.phaseAt(1), plan.phaseAt(plan.length.steps)]);
  const { parts } = method;
  const activations = plan.record.activations ?? "f32";
  const bytesIn = (phase: string) =>
    parts && microBatch < batch
      ? inPieces(parts, { state, images, at, phase, microBatch, activations })
      : explain(
          compile((s: S, x: Tensor, values: StepValues) => method.step(s, x, values, phase), { activations }),
          ...([state, images, at] as const),
        ).peakBytes;
  return Math.max(...[...phases].map(bytesIn));
}

interface Step<S> extends Required<Pick<CompileOptions, "activations">> {
  readonly state: S;
  readonly images: Tensor;
  readonly at: StepValues;
  readonly phase: string;
  readonly microBatch: number;
}

/** Each of the functions keeps its intermediate buffers, so they add up; what goes from one to the next comes on top. */
function inPieces<S>(
  parts: StepParts<S>,
  { state, images, at, phase, microBatch, activations }: Step<S>,
): number {
  const f = cachedFunctions(parts, microBatch);
  const count = (images.shape[0] as number) / microBatch;
  const first = zeros([], { dtype: "i32" });
  const views = traced(f.views, [state, images, at, phase]);
  const encode = traced(f.encode, [state, images, views.result, first, at, phase, {}]);
  const rows = Array.from({ length: count }, () => encode.result.rows);
  const loss = traced(f.loss, [state, images, rows, at, phase]);
  const [cotangents] = loss.result.cotangents;
  const sums = f.nothing(state);
  const backward = traced(f.backward, [sums, state, images, views.result, first, cotangents, at, phase], {
    activations,
  });
  const known = { loss: loss.result.loss, metrics: loss.result.metrics };
  const update = traced(f.update, [state, images, sums.grads, encode.result.statistics, at, phase, known]);
  const kept = [views, encode, loss, backward, update].reduce((sum, { pools }) => sum + pools, 0);
  return kept + bytesOf([state, images, views.result, sums, backward.result, rows, loss.result.cotangents]);
}

/** Intermediate buffers of a function's plan, and its result with the shapes and without the values. */
function traced<A extends unknown[], R>(
  f: (...args: A) => R,
  args: A,
  options?: CompileOptions,
): { pools: number; result: R } {
  let result: R | undefined;
  const compiled = compile((...given: A) => {
    const out = f(...given);
    result = treeMap((x) => zeros(x.shape, { dtype: x.dtype }), out);
    return out;
  }, options);
  const { poolBytes } = explain(compiled, ...args);
  return { pools: poolBytes.reduce((a, b) => a + b, 0), result: result as R };
}

const bytesOf = (tree: unknown): number =>
  treeLeaves(tree).reduce((sum, { value }) => sum + 4 * value.size, 0);
