import type { GraphNode } from "../ir/node.ts";
import type { Cluster } from "./cluster.ts";
import { isGiven } from "./fused-program.ts";

/** Where the members of a kernel lie in the order of the program. */
interface Span {
  first: number;
  last: number;
  /** Members that have been looked at. */
  counted: number;
}

/** Finds circles: kernels that would need each other if one of them took a further node. */
export class Circles {
  readonly #position: ReadonlyMap<GraphNode, number>;
  readonly #home: ReadonlyMap<GraphNode, Cluster>;
  readonly #clusters: readonly Cluster[];
  readonly #spans = new Map<Cluster, Span>();
  /** What the kernel that grows needs, by way of others, as far as its members have been followed. */
  #needs: { of: Cluster; first: number; floor: number; nodes: Set<GraphNode>; counted: number } | null = null;

  /** What it is given may grow while it is in use. */
  constructor(
    position: ReadonlyMap<GraphNode, number>,
    home: ReadonlyMap<GraphNode, Cluster>,
    clusters: readonly Cluster[],
  ) {
    this.#position = position;
    this.#home = home;
    this.#clusters = clusters;
  }

  /** Whether a circle would close if `c` took `node`. */
  closes(c: Cluster, node: GraphNode): boolean {
    return this.#dependsOutside(c, node) || this.#isAwaited(c, node);
  }

  /** Other kernels have grown since: what `c` needs is to be found anew. */
  forget(): void {
    this.#needs = null;
  }

  /** Whether an operand of `node` needs something of `c` by way of another kernel, or at another position. */
  #dependsOutside(c: Cluster, node: GraphNode): boolean {
    const start = node.inputs.filter((x) => !c.frames.has(x));
    const floor = this.#floorBelow(c, this.#spanOf(c).first);
    return this.#follow(c, start, floor, new Set(), (x) => c.frames.has(x));
  }

  /** Whether `c` reads from a kernel that needs `node`: the same circle, met from its other side. */
  #isAwaited(c: Cluster, node: GraphNode): boolean {
    const first = Math.min(this.#spanOf(c).first, this.#position.get(node) as number);
    if (this.#needs?.of !== c || this.#needs.first > first)
      this.#needs = { of: c, first, floor: this.#floorBelow(c, first), nodes: new Set(), counted: 0 };
    const { nodes, floor } = this.#needs;
    for (; this.#needs.counted < c.members.length; this.#needs.counted++) {
      const { inputs } = c.members[this.#needs.counted] as GraphNode;
      this.#follow(c, inputs, floor, nodes, () => false);
    }
    return nodes.has(node);
  }

  /**
   * Goes from `start` to what it needs, kernels other than `c` as a whole, until what is looked for is found or nothing is
   * left that has not been `seen`.
   */
  #follow(
    c: Cluster,
    start: readonly GraphNode[],
    floor: number,
    seen: Set<GraphNode>,
    isFound: (x: GraphNode) => boolean,
  ): boolean {
    const homes = new Set<Cluster>();
    const open: GraphNode[] = [];
    const push = (xs: readonly GraphNode[]): boolean =>
      xs.some((x) => {
        if (seen.has(x)) return false;
        seen.add(x);
        if (isFound(x)) return true;
        // What lies before the floor needs nothing that is looked for.
        const isLate = (this.#position.get(x) as number) >= floor;
        if (isLate && !c.frames.has(x) && !isGiven(x)) open.push(x);
        return false;
      });
    if (push(start)) return true;
    for (let x = open.pop(); x; x = open.pop()) {
      const home = this.#home.get(x);
      if (home && !homes.has(home)) {
        homes.add(home);
        if (home.members.some((m) => push(m.inputs))) return true;
      }
      if (push(x.inputs)) return true;
    }
    return false;
  }

  /** A position before which nothing needs anything at `position` or behind: no kernel but `c` lies on both sides. */
  #floorBelow(c: Cluster, position: number): number {
    let floor = position;
    for (let before = -1; before !== floor; ) {
      before = floor;
      for (const d of this.#clusters) {
        const { first, last } = this.#spanOf(d);
        if (d !== c && first < floor && last >= floor) floor = first;
      }
    }
    return floor;
  }

  #spanOf(c: Cluster): Span {
    let span = this.#spans.get(c);
    if (!span) {
      span = { first: Infinity, last: -1, counted: 0 };
      this.#spans.set(c, span);
    }
    for (; span.counted < c.members.length; span.counted++) {
      const at = this.#position.get(c.members[span.counted] as GraphNode) as number;
      span.first = Math.min(span.first, at);
      span.last = Math.max(span.last, at);
    }
    return span;
  }
}
