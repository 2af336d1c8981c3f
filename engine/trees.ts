import { ShapeError } from "./core/errors.ts";
import { type Leaf, treeLeaves as leavesOf, mapTree } from "./core/tree.ts";
import { isTensor, type Tensor } from "./tensor.ts";

/**
 * A tree of tensors: a tensor, or a plain object, array or module class that holds trees. Whatever else is in it
 * (numbers, strings, functions) is carried along.
 */
export type Tree = unknown;

/** The tensors of a tree, in the order of its keys, each with its path: `blocks.0.attn.qkv.weight`. */
export const treeLeaves = (tree: Tree): Leaf<Tensor>[] => leavesOf(tree, isTensor);

/**
 * A tree of the same structure and classes with `f` applied to each tensor, together with the tensors at the same
 * place of the other trees.
 *
 * @throws {ShapeError} If another tree has no tensor at some place.
 */
export function treeMap<T>(f: (leaf: Tensor, ...others: Tensor[]) => unknown, tree: T, ...others: Tree[]): T {
  const tables = others.map((other) => new Map(treeLeaves(other).map(({ path, value }) => [path, value])));
  return mapTree(tree, isTensor, (leaf, path) => {
    const rest = tables.map((table, i) => {
      const value = table.get(path);
      if (!value) throw new ShapeError("treeMap", { problem: `tree ${i + 1} has no tensor at "${path}"` });
      return value;
    });
    return f(leaf, ...rest);
  }) as T;
}

/** Frees every tensor of a tree. */
export function treeDispose(tree: Tree): void {
  for (const { value } of treeLeaves(tree)) value.dispose();
}
