import { compile, explain, type Tensor, zeros } from "../../mod.ts";
import type { Method, RunLength, StepValues } from "../method.ts";

export interface FitMemoryOptions {
  /** Device memory that a step may take by its plan. */
  readonly bytes: number;
  /** Blocks that the method could compute again. */
  readonly blocks: number;
  /** Images of a step. */
  readonly batch: number;
  /** How what the backward pass keeps is stored. Default "f32". */
  readonly activations?: "f32" | "f16";
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
}

/** A method whose step fits, and what it takes. */
export interface Fitted<M> {
  readonly method: M;
  /** Blocks that are computed again in the backward pass. */
  readonly recompute: number;
  /** Planned peak of device memory of a step. */
  readonly bytes: number;
}

/**
 * The method with the fewest blocks computed again whose step fits into a number of bytes. Nothing runs: steps are
 * planned, for the open device or for a GPU of WebGPU's guaranteed limits.
 *
 * @param make Makes the method with so many recomputed blocks.
 * @throws {RangeError} If it does not fit with all of them, nor with all but the last few.
 *
 * @example
 *   const { method } = fitMemory((recompute) => dino({ ...options, recompute }), { bytes: 1e9, blocks: 12, batch: 32, image });
 *
 * Source: training/methods/fit-memory.ts. Paper: Chen et al. 2016 (recomputation).
 */
export function fitMemory<S, M extends Method<S>>(
  make: (recompute: number) => M,
  options: FitMemoryOptions,
): Fitted<M> {
  const { bytes, blocks } = options;
  const fitted = (recompute: number): Fitted<M> => {
    const method = make(recompute);
    return { method, recompute, bytes: bytesOfStep(method, options) };
  };
  const plain = fitted(0);
  if (plain.bytes <= bytes) return plain;
  let best = fitted(blocks);
  // The last blocks are wanted again soon, when the heads' values are still there: often they are better kept.
  while (best.bytes > bytes && best.recompute > 1) {
    const fewer = fitted(best.recompute - 1);
    if (fewer.bytes >= best.bytes) break;
    best = fewer;
  }
  if (best.bytes > bytes) {
    throw new RangeError(
      `fitMemory: a step takes ${plain.bytes} bytes, and ${best.bytes} with ${best.recompute} of ${blocks} blocks computed again; there are ${bytes}; try smaller batches`,
    );
  }
  // Of `low` blocks a step does not fit, of `best.recompute` it does.
  let low = 0;
  while (best.recompute - low > 1) {
    const middle = fitted(Math.floor((low + best.recompute) / 2));
    if (middle.bytes <= bytes) best = middle;
    else low = middle.recompute;
  }
  return best;
}

const MANY = 1000;

/** Peak of device memory of a step, as planned. */
function bytesOfStep<S>(method: Method<S>, { batch, image, activations }: FitMemoryOptions): number {
  // The last of many steps: phases at the beginning of a run, such as that of frozen prototypes, take less.
  const run: RunLength = { epochs: MANY, stepsPerEpoch: 1, steps: MANY, batch };
  const at = Object.fromEntries(
    Object.keys({ rate: 0, ...method.schedules?.(run) }).map((name) => [name, zeros([])]),
  );
  const phase = method.phase?.(MANY - 1, run) ?? "";
  const images = zeros([batch, image.channels, image.height, image.width]);
  const step = compile((state: S, x: Tensor, values: StepValues) => method.step(state, x, values, phase), {
    activations,
  });
  return explain(step, method.start(zeros([2], { dtype: "u32" })), images, at as unknown as StepValues)
    .peakBytes;
}
