import { type DType, type HostData, type Tensor, tensor, treeLeaves } from "../../mod.ts";
import { mapPaths } from "../../models/nn/tree-paths.ts";

export interface HostLeaf {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Floats of any width as `Float32Array`. */
  readonly data: HostData;
}

/** The tensors of a training state on the host, by path. */
export type HostState = ReadonlyMap<string, HostLeaf>;

/** The state as it is after the work handed over so far; steps that are handed over from now on do not touch it. */
export async function readState(state: unknown): Promise<HostState> {
  const leaves = treeLeaves(state);
  const data = await Promise.all(leaves.map(({ value }) => value.data()));
  return new Map(
    leaves.map(({ path, value: { dtype, shape } }, i) => [path, { dtype, shape, data: data[i] as HostData }]),
  );
}

/** A saved state that is not that of the model at hand. */
export class StateMismatchError extends Error {
  override readonly name = "StateMismatchError";
}

/**
 * `fresh` with the values of a saved state.
 *
 * @throws {StateMismatchError} If they do not have the same tensors.
 */
export function restoreState<S>(fresh: S, saved: HostState): S {
  const problems: string[] = [];
  const unknown = new Set(saved.keys());
  const restored = mapPaths(fresh, (leaf, path) => {
    unknown.delete(path);
    const found = saved.get(path);
    if (found && fits(found, leaf)) return tensor(numbers(found), { shape: leaf.shape, dtype: leaf.dtype });
    problems.push(`${path} is ${found ? form(found) : "not in it"}, the model has ${form(leaf)}`);
    return leaf;
  });
  for (const path of unknown) problems.push(`${path} is in it, and the model has no such tensor`);
  if (problems.length > 0) {
    const more = problems.length > 3 ? `; and ${problems.length - 3} more` : "";
    throw new StateMismatchError(
      `the saved state is of another model or optimiser: ${problems.slice(0, 3).join("; ")}${more}`,
    );
  }
  return restored;
}

/** Whether every float of a state is a number. A state with NaN in it is worth nothing. */
export function allNumbers(state: HostState): boolean {
  for (const { data } of state.values()) {
    if (!(data instanceof Float32Array)) continue;
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  }
  return true;
}

/** Files widen f16. */
const fits = (saved: HostLeaf, { dtype, shape }: Tensor): boolean =>
  saved.shape.join() === shape.join() &&
  (saved.dtype === dtype || (saved.dtype === "f32" && dtype === "f16"));

const form = ({ dtype, shape }: { dtype: string; shape: readonly number[] }): string =>
  `${dtype}[${shape.join(",")}]`;

/** What `tensor` takes. */
const numbers = ({ data }: HostLeaf) => data as Float32Array | Int32Array | Uint32Array | Uint8Array;
