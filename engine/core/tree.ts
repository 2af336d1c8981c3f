/**
 * Trees: plain objects, arrays and module classes whose leaves are tensors (or anything else that is neither).
 * A leaf's path (`blocks.0.attn.qkv.weight`) is its name in files. Functions, strings, numbers, booleans, null
 * and undefined are carried along unchanged, so that modules can hold their configuration.
 */

export interface Leaf<L> {
  readonly path: string;
  readonly value: L;
}

type Container = Record<string, unknown> | unknown[];

function isContainer(x: unknown): x is Container {
  if (x === null || typeof x !== "object") return false;
  return !(ArrayBuffer.isView(x) || x instanceof ArrayBuffer || x instanceof Map || x instanceof Set);
}

const join = (path: string, key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);

/** Calls `visit` on each leaf that `isLeaf` accepts, in the order of the keys. */
export function walkTree<L>(
  tree: unknown,
  isLeaf: (x: unknown) => x is L,
  visit: (leaf: L, path: string) => void,
  path = "",
): void {
  if (isLeaf(tree)) visit(tree, path);
  else if (isContainer(tree))
    for (const [key, value] of Object.entries(tree)) walkTree(value, isLeaf, visit, join(path, key));
}

/** The leaves of a tree with their paths. */
export function treeLeaves<L>(tree: unknown, isLeaf: (x: unknown) => x is L): Leaf<L>[] {
  const leaves: Leaf<L>[] = [];
  walkTree(tree, isLeaf, (value, path) => leaves.push({ path, value }));
  return leaves;
}

/** A tree of the same structure (and classes) with each leaf replaced. */
export function mapTree<L>(
  tree: unknown,
  isLeaf: (x: unknown) => x is L,
  f: (leaf: L, path: string) => unknown,
  path = "",
): unknown {
  if (isLeaf(tree)) return f(tree, path);
  if (!isContainer(tree)) return tree;
  if (Array.isArray(tree)) return tree.map((x, i) => mapTree(x, isLeaf, f, join(path, i)));
  const copy: Record<string, unknown> = Object.create(Object.getPrototypeOf(tree));
  for (const [key, value] of Object.entries(tree)) copy[key] = mapTree(value, isLeaf, f, join(path, key));
  return copy;
}

/**
 * A text that is equal for trees of equal structure: keys, classes and everything that is not a leaf. Functions
 * count by identity, so that two closures are never taken for one.
 */
export function treeSignature<L>(
  tree: unknown,
  isLeaf: (x: unknown) => x is L,
  leafText: (leaf: L) => string,
): string {
  if (isLeaf(tree)) return leafText(tree);
  if (Array.isArray(tree)) return `[${tree.map((x) => treeSignature(x, isLeaf, leafText)).join(",")}]`;
  if (isContainer(tree)) {
    const kind =
      Object.getPrototypeOf(tree) === Object.prototype
        ? ""
        : `#${identity(Object.getPrototypeOf(tree) ?? tree)}`;
    const fields = Object.entries(tree).map(
      ([k, v]) => `${JSON.stringify(k)}:${treeSignature(v, isLeaf, leafText)}`,
    );
    return `${kind}{${fields.join(",")}}`;
  }
  if (typeof tree === "function" || (typeof tree === "object" && tree !== null)) return `@${identity(tree)}`;
  if (typeof tree === "number") return Object.is(tree, -0) ? "-0" : String(tree);
  return typeof tree === "string" ? JSON.stringify(tree) : String(tree);
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function identity(x: object): number {
  let id = identities.get(x);
  if (id === undefined) {
    id = ++lastIdentity;
    identities.set(x, id);
  }
  return id;
}

/**
 * The structure of a tree without its leaves, for going through another tree of that structure quickly: no paths, no
 * texts.
 */
export type Skeleton<L> =
  | { readonly kind: "leaf"; readonly sample: L }
  | { readonly kind: "array"; readonly items: readonly Skeleton<L>[] }
  | {
      readonly kind: "object";
      readonly prototype: object | null;
      readonly keys: readonly string[];
      readonly fields: readonly Skeleton<L>[];
    }
  | { readonly kind: "static"; readonly value: unknown };

export function skeletonOf<L>(tree: unknown, isLeaf: (x: unknown) => x is L): Skeleton<L> {
  if (isLeaf(tree)) return { kind: "leaf", sample: tree };
  if (Array.isArray(tree)) return { kind: "array", items: tree.map((x) => skeletonOf(x, isLeaf)) };
  if (!isContainer(tree)) return { kind: "static", value: tree };
  const fields = Object.values(tree).map((x) => skeletonOf(x, isLeaf));
  return { kind: "object", prototype: Object.getPrototypeOf(tree), keys: Object.keys(tree), fields };
}

/** Whether `tree` has this structure and leaves like the samples; its leaves are appended to `leaves`. */
export function matchSkeleton<L>(
  skeleton: Skeleton<L>,
  tree: unknown,
  isLeaf: (x: unknown) => x is L,
  alike: (a: L, sample: L) => boolean,
  leaves: L[],
): boolean {
  switch (skeleton.kind) {
    case "leaf":
      if (!isLeaf(tree) || !alike(tree, skeleton.sample)) return false;
      leaves.push(tree);
      return true;
    case "static":
      return Object.is(tree, skeleton.value);
    case "array": {
      const { items } = skeleton;
      if (!Array.isArray(tree) || tree.length !== items.length) return false;
      for (let i = 0; i < items.length; i++) {
        if (!matchSkeleton(items[i] as Skeleton<L>, tree[i], isLeaf, alike, leaves)) return false;
      }
      return true;
    }
    case "object": {
      if (!isContainer(tree) || isLeaf(tree) || Object.getPrototypeOf(tree) !== skeleton.prototype)
        return false;
      const { keys, fields } = skeleton;
      const found = Object.keys(tree);
      if (found.length !== keys.length) return false;
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] as string;
        if (found[i] !== key) return false;
        const value = (tree as Record<string, unknown>)[key];
        if (!matchSkeleton(fields[i] as Skeleton<L>, value, isLeaf, alike, leaves)) return false;
      }
      return true;
    }
  }
}

/** A tree of this structure with the leaves that `leafOf` gives for the samples. */
export function fillSkeleton<L>(skeleton: Skeleton<L>, leafOf: (sample: L) => unknown): unknown {
  switch (skeleton.kind) {
    case "leaf":
      return leafOf(skeleton.sample);
    case "static":
      return skeleton.value;
    case "array":
      return skeleton.items.map((x) => fillSkeleton(x, leafOf));
    case "object": {
      const plain = skeleton.prototype === Object.prototype;
      const copy: Record<string, unknown> = plain ? {} : Object.create(skeleton.prototype);
      for (let i = 0; i < skeleton.keys.length; i++) {
        copy[skeleton.keys[i] as string] = fillSkeleton(skeleton.fields[i] as Skeleton<L>, leafOf);
      }
      return copy;
    }
  }
}
