import { constantIndex, IndexAlgebra, type IndexExpr } from "../../kernels/scalar/index-algebra.ts";
import { dim, otherAxes, type Shape, sizeAlong, sizeOf } from "../core/shape.ts";
import type { AttentionParams } from "../ir/attention.ts";
import type { GraphNode } from "../ir/node.ts";
import type { DotAxes } from "../ir/primitive.ts";

export type ClusterKind = "map" | "row" | "dot" | "scan" | "sort" | "attention";

/**
 * The nodes that one kernel computes. `frames` gives, for every node inside (and every view on the way), its
 * position as a function of the kernel's loop variables: an operand that is read at its frame is in a register.
 */
export interface Cluster {
  readonly id: number;
  readonly kind: ClusterKind;
  /** Loop domain: output shape of a map, a dot, a scan or a sort; shape before reduction of a row. */
  readonly domain: Shape;
  /** Axes that a row is reduced over. */
  readonly axes: readonly number[];
  readonly members: GraphNode[];
  readonly heroes: GraphNode[];
  readonly algebra: IndexAlgebra;
  readonly frames: Map<GraphNode, readonly IndexExpr[]>;
  /** Position of an element, and of the row it is in (the same thing but for rows). */
  readonly element: readonly IndexExpr[];
  readonly row: readonly IndexExpr[];
  /** Extents of the loops over a row: stretches of adjacent reduced axes. */
  readonly extents: readonly number[];
  outputs: GraphNode[];
  /** The kernels that share this launch, if it is one of several. */
  readonly bundled?: readonly Cluster[];
  /** Why it ended where it did, for people. */
  readonly notes: string[];
}

export interface DotDomain {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
}

/** Sizes of the flattened batch, rows and columns of a contraction. */
export function dotDomain(hero: GraphNode): DotDomain {
  const { batchA, contractA } = hero.params as DotAxes;
  const a = hero.inputs[0] as GraphNode;
  const batch = sizeAlong(a.shape, batchA);
  const m = a.shape.reduce((n, size, i) => (batchA.includes(i) || contractA.includes(i) ? n : n * size), 1);
  return { batch, m, n: sizeOf(hero.shape) / batch / m };
}

let nextId = 0;

function cluster(
  kind: ClusterKind,
  domain: Shape,
  parts: Partial<Cluster> & { algebra: IndexAlgebra; element: readonly IndexExpr[] },
): Cluster {
  const common = {
    id: nextId++,
    kind,
    domain,
    axes: [],
    members: [],
    heroes: [],
    frames: new Map(),
    extents: [],
    outputs: [],
    notes: [],
  };
  return { ...common, row: parts.element, ...parts };
}

/** One loop variable over the flattened shape. */
export function mapCluster(domain: Shape): Cluster {
  const algebra = new IndexAlgebra();
  return cluster("map", domain, {
    algebra,
    element: algebra.unflatten(algebra.variable(0, sizeOf(domain)), domain),
  });
}

/** Variables: batch, row, column. */
export function dotCluster(hero: GraphNode): Cluster {
  const algebra = new IndexAlgebra();
  const { batch, m, n } = dotDomain(hero);
  const { batchA, contractA } = hero.params as DotAxes;
  const nb = batchA.length;
  const na = (hero.inputs[0] as GraphNode).shape.length - nb - contractA.length;
  const part = (variable: number, size: number, from: number, to: number) =>
    algebra.unflatten(algebra.variable(variable, size), hero.shape.slice(from, to));
  const element = [
    ...part(0, batch, 0, nb),
    ...part(1, m, nb, nb + na),
    ...part(2, n, nb + na, hero.shape.length),
  ];
  const c = cluster("dot", hero.shape, { algebra, element });
  c.heroes.push(hero);
  c.members.push(hero);
  c.frames.set(hero, element);
  return c;
}

/** Variable 0 is the row, flattened over the axes that stay; 1.. run over stretches of the reduced axes. */
export function rowCluster(domain: Shape, axes: readonly number[], kind: "row" | "scan" = "row"): Cluster {
  const algebra = new IndexAlgebra();
  const kept = otherAxes(domain.length, axes);
  const keptShape = kept.map((i) => dim(domain, i));
  const rowPosition = algebra.unflatten(algebra.variable(0, sizeOf(keptShape)), keptShape);
  const row: IndexExpr[] = domain.map(() => constantIndex(0));
  kept.forEach((axis, i) => {
    row[axis] = rowPosition[i] as IndexExpr;
  });
  const element = [...row];
  const extents: number[] = [];
  for (let i = 0; i < axes.length; ) {
    let j = i + 1;
    while (j < axes.length && axes[j] === (axes[j - 1] as number) + 1) j++;
    const stretch = axes.slice(i, j);
    const shape = stretch.map((a) => dim(domain, a));
    extents.push(sizeOf(shape));
    const position = algebra.unflatten(algebra.variable(extents.length, sizeOf(shape)), shape);
    stretch.forEach((axis, k) => {
      element[axis] = position[k] as IndexExpr;
    });
    i = j;
  }
  return cluster(kind, domain, { algebra, element, row, axes, extents });
}

/** A kernel of its own, with no loops that others could join. */
export function ownCluster(hero: GraphNode, kind: "sort" | "attention"): Cluster {
  const c = cluster(kind, hero.shape, { algebra: new IndexAlgebra(), element: [] });
  c.heroes.push(hero);
  c.members.push(hero);
  return c;
}

/** What one launch computes of attention, if it is of the same operands. */
const TOGETHER = ["output lse", "lse output", "keys values", "values keys"];

/** Whether an attention kernel may compute `node` too. */
export function sharesLaunch({ kind, heroes: [hero] }: Cluster, node: GraphNode): boolean {
  if (kind !== "attention" || node.primitive.lower.kind !== "attention") return false;
  if (!hero?.inputs.every((x, i) => x === node.inputs[i])) return false;
  const [a, b] = [hero.params, node.params] as [AttentionParams, AttentionParams];
  return TOGETHER.includes(`${a.role} ${b.role}`) && a.scale === b.scale;
}

/** Whether a position depends on more than the row, which is variable 0. */
export const variesInRow = (frame: readonly IndexExpr[]): boolean =>
  frame.some((e) => e.terms.some(([atom]) => (atom.variables & ~1) !== 0));
