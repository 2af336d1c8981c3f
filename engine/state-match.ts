import { isTensor, type Tensor } from "./tensor.ts";
import { treeLeaves } from "./trees.ts";

/** Input `input` of a traced function is the old value of output `output`; all of one tree form a group. */
export interface StateMatch {
  readonly input: number;
  readonly output: number;
  readonly group: number;
}

/**
 * Finds the state of a step: an argument that is a tree (not a bare tensor) and whose like, with the same paths,
 * shapes and dtypes, is the result or a field of the result.
 */
export function matchState(
  args: readonly unknown[],
  result: unknown,
  outputs: readonly Tensor[],
): StateMatch[] {
  const candidates =
    isTensor(result) || typeof result !== "object" || result === null
      ? []
      : [result, ...Object.values(result)];
  const numbers = new Map(outputs.map((x, i) => [x, i]));
  const matches: StateMatch[] = [];
  const taken = new Set<number>();
  let first = 0;
  args.forEach((arg, group) => {
    const leaves = treeLeaves(arg);
    const offset = first;
    first += leaves.length;
    if (isTensor(arg) || leaves.length === 0) return;
    for (const candidate of candidates) {
      if (isTensor(candidate)) continue;
      const news = treeLeaves(candidate);
      const alike = news.length === leaves.length && news.every((n, i) => sameLeaf(n, leaves[i]));
      const ids = news.map((n) => numbers.get(n.value) as number);
      if (!alike || new Set(ids).size < ids.length || ids.some((id) => taken.has(id))) continue;
      ids.forEach((output, i) => {
        taken.add(output);
        matches.push({ input: offset + i, output, group });
      });
      return;
    }
  });
  return matches;
}

interface PathAndTensor {
  readonly path: string;
  readonly value: Tensor;
}

const sameLeaf = (a: PathAndTensor, b: PathAndTensor | undefined): boolean =>
  b !== undefined &&
  a.path === b.path &&
  a.value.dtype === b.value.dtype &&
  a.value.shape.join() === b.value.shape.join();
