import { CheckError, type Tensor, withDebug } from "../../mod.ts";
import { allNumbers, type HostState, readState } from "./host-state.ts";

/** A run whose loss, or whose gradient, is no finite number any more. The checkpoints before it are good. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
  /** The step at which it was noticed, from 1. */
  readonly step: number;
  /** The op that made the first number that is none, such as "sqrt (backward)"; null if it was not found. */
  readonly op: string | null;

  constructor(step: number, what: string, found: Culprit | null = null) {
    const when = found && found.step !== step ? `in step ${found.step}` : "there";
    const blame = found ? `${found.op} made the first such number ${when} (${found.error.message}); ` : "";
    super(
      `${what} at step ${step}; ${blame}try a smaller learning rate`,
      found ? { cause: found.error } : undefined,
    );
    this.step = step;
    this.op = found?.op ?? null;
  }
}

/** The op that made the first number that is none. */
export interface Culprit {
  readonly step: number;
  readonly op: string;
  readonly error: CheckError;
}

/** A course that can be gone through again. */
export interface Course<S> {
  /** Steps done before the first batch, and the state then. */
  readonly done: number;
  readonly state: S;
  readonly batches: AsyncIterable<Tensor>;
  /** The state with these values. */
  restore(values: HostState): S;
  /** One step; rejects if a check fails. */
  run(state: S, images: Tensor, step: number): Promise<S>;
}

/**
 * Goes through a course again, up to the step at which something was noticed, and finds the op that made the first
 * NaN or, if there is none, the first infinity.
 */
export async function findCulprit<S>(course: Course<S>, noticed: number): Promise<Culprit | null> {
  let { done: step, state } = course;
  let before = await readState(state);
  for await (const images of course.batches) {
    step++;
    state = await course.run(state, images, step);
    const after = await readState(state);
    if (step < noticed && allNumbers(after)) {
      images.dispose();
      before = after;
      continue;
    }
    for (const nanCheck of [true, "infinity"] as const) {
      const error = await checked(() => course.run(course.restore(before), images, step), nanCheck);
      const [op] = error?.ops ?? [];
      if (error && op) return { step, op, error };
    }
    return null;
  }
  return null;
}

/** What the guard finds in some work. */
async function checked(
  work: () => Promise<unknown>,
  nanCheck: true | "infinity",
): Promise<CheckError | null> {
  try {
    await withDebug({ nanCheck, print: () => undefined }, work);
  } catch (error) {
    if (error instanceof CheckError) return error;
    throw error;
  }
  return null;
}
