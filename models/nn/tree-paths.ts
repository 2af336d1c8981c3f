import { type Tensor, treeLeaves, treeMap } from "../../mod.ts";

/** A tree of the same structure and classes; `f` sees each tensor and its path. */
export function mapPaths<T>(tree: T, f: (leaf: Tensor, path: string) => Tensor): T {
  const leaves = treeLeaves(tree);
  let next = 0;
  return treeMap((leaf) => f(leaf, (leaves[next++] as { path: string }).path), tree);
}
